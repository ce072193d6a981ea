/** Client ids: UUIDv7, made once for a message and kept over every retry. */

let lastMillisecond = -1;
let counter = 0;

/** A UUIDv7 that sorts after every earlier one of this tab, also inside one millisecond. */
export function newClientId(
  now: number = Date.now(),
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) => crypto.getRandomValues(bytes),
): string {
  const bytes = random(new Uint8Array(16));
  const at = Math.max(now, lastMillisecond);
  if (at === lastMillisecond) counter += 1;
  else counter = ((bytes[6] ?? 0) & 0x07) << 8 | (bytes[7] ?? 0);
  if (counter > 0xfff) {
    lastMillisecond = at + 1;
    counter = 0;
  } else lastMillisecond = at;
  let time = lastMillisecond;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
