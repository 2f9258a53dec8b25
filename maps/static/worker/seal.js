// Sealing what the phone keeps: AES-GCM by the browser, with keys no script can read.
//
// A key is made of two halves: the server's, given for one sign-in, and this browser's. Without the
// server's the other is worth nothing, and the server forgets nothing it would need to give it again.

export const canSeal = Boolean(globalThis.crypto?.subtle); // not where the page came without https

const text = new TextEncoder();
const NONCE_BYTES = 12;

export const half = (bytes = 32) => crypto.getRandomValues(new Uint8Array(bytes));

// `theirs` is base64 as the server gives it, `ours` bytes; `purpose` keeps keys of one sign-in apart.
export async function keyOf(theirs, ours, purpose) {
  const bytes = Uint8Array.from(atob(theirs), (character) => character.charCodeAt(0));
  const whole = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: ours, info: text.encode(`wangge ${purpose}`) };
  return crypto.subtle.deriveKey(how, whole, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

export async function seal(key, value) {
  const nonce = half(NONCE_BYTES);
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, key, await bytesOf(value));
  return { nonce, bytes, type: value instanceof Blob ? value.type : null };
}

// Rejects when it was sealed with another key, or changed since.
export async function unseal(key, { nonce, bytes, type }) {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, bytes);
  return type === null ? JSON.parse(new TextDecoder().decode(plain)) : new Blob([plain], { type });
}

const bytesOf = (value) => (value instanceof Blob ? value.arrayBuffer() : text.encode(JSON.stringify(value)));
