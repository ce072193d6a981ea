"""PostgreSQL: the embedded server, the pool, transactions, migrations, month partitions."""
