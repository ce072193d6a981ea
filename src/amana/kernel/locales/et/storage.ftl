error-storage-busy = Server on hõivatud. Midagi ei muudetud. Palun proovige hetke pärast uuesti.
error-storage-full = Serveri ketas on peaaegu täis: lugeda saab, aga midagi uut vastu ei võeta. Midagi ei muudetud. Palun andke teada inimesele, kes serverit haldab.
error-storage-outcome-unknown = Ühendus andmebaasiga katkes salvestamise ajal. Palun proovige uuesti; midagi ei salvestata topelt.
