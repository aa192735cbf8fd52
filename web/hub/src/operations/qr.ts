/** QR codes (ISO/IEC 18004), byte mode, error correction M, versions 1 to 10: at most 213 bytes. */

// For each version: codewords of error correction a block, blocks of the first and second kind with
// their data codewords (table 9).
const M: readonly (readonly [ecc: number, n1: number, d1: number, n2: number, d2: number])[] = [
  [10, 1, 16, 0, 0], [16, 1, 28, 0, 0], [26, 1, 44, 0, 0], [18, 2, 32, 0, 0], [24, 2, 43, 0, 0],
  [16, 4, 27, 0, 0], [18, 4, 31, 0, 0], [22, 2, 38, 2, 39], [22, 3, 36, 2, 37], [26, 4, 43, 1, 44],
];
const ALIGN: readonly (readonly number[])[] = [
  [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50],
];

const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 128 ? 0x11d : 0);
}
const mul = (a: number, b: number): number => (a && b ? EXP[LOG[a]! + LOG[b]!]! : 0);

function remainder(data: readonly number[], count: number): number[] {
  let generator = [1];
  for (let i = 0; i < count; i++) {
    const next = new Array<number>(generator.length + 1).fill(0);
    generator.forEach((g, j) => { next[j]! ^= g; next[j + 1]! ^= mul(g, EXP[i]!); });
    generator = next;
  }
  const rest = [...data, ...new Array<number>(count).fill(0)];
  data.forEach((_, i) => {
    const factor = rest[i]!;
    if (factor) generator.forEach((g, j) => { rest[i + j]! ^= mul(g, factor); });
  });
  return rest.slice(data.length);
}

function codewords(text: string): [number, number[]] {
  const bytes = new TextEncoder().encode(text);
  const version = M.findIndex(([, n1, d1, n2, d2], i) => n1 * d1 + n2 * d2 >= bytes.length + (i < 9 ? 2 : 3)) + 1;
  if (version === 0) throw new RangeError("too long for this QR code");
  const [ecc, n1, d1, n2, d2] = M[version - 1]!;
  const capacity = n1 * d1 + n2 * d2;
  const bits: number[] = [];
  const put = (value: number, length: number): void => { for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1); };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((b) => put(b, 8));
  put(0, Math.min(4, capacity * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data = Array.from({ length: bits.length / 8 }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((v, b) => v * 2 + b, 0));
  for (let pad = 0xec; data.length < capacity; pad ^= 0xfd) data.push(pad);
  const sizes = [...new Array<number>(n1).fill(d1), ...new Array<number>(n2).fill(d2)];
  let at = 0;
  const blocks = sizes.map((size) => data.slice(at, (at += size)));
  const checks = blocks.map((block) => remainder(block, ecc));
  const out: number[] = [];
  for (let i = 0; i < Math.max(d1, d2); i++) blocks.forEach((block) => { if (i < block.length) out.push(block[i]!); });
  for (let i = 0; i < ecc; i++) checks.forEach((check) => out.push(check[i]!));
  return [version, out];
}

const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Rows of dark and light modules, without the quiet zone. */
export function encode(text: string): boolean[][] {
  const [version, words] = codewords(text);
  const drawn = MASKS.map((_, mask) => draw(version, words, mask));
  return drawn.reduce((best, code) => (penalty(code) < penalty(best) ? code : best));
}

function draw(version: number, words: readonly number[], mask: number): boolean[][] {
  const n = version * 4 + 17;
  const code = Array.from({ length: n }, () => new Array<boolean>(n).fill(false));
  const fixed = Array.from({ length: n }, () => new Array<boolean>(n).fill(false));
  const set = (x: number, y: number, dark: boolean): void => {
    if (x < 0 || y < 0 || x >= n || y >= n) return;
    code[y]![x] = dark;
    fixed[y]![x] = true;
  };
  for (let i = 0; i < n; i++) { set(i, 6, i % 2 === 0); set(6, i, i % 2 === 0); }
  for (const [cx, cy] of [[3, 3], [n - 4, 3], [3, n - 4]] as const)
    for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
    }
  const spots = ALIGN[version - 1]!;
  for (const cy of spots) for (const cx of spots) {
    if ((cx === 6 && cy === 6) || (cx === 6 && cy === n - 7) || (cx === n - 7 && cy === 6)) continue;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }
  formats(version, mask, n, set);
  let bit = 0;
  for (let right = n - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let v = 0; v < n; v++) for (const x of [right, right - 1]) {
      const y = ((right + 1) & 2) === 0 ? n - 1 - v : v;
      if (fixed[y]![x]) continue;
      const dark = bit < words.length * 8 && ((words[bit >> 3]! >> (7 - (bit & 7))) & 1) === 1;
      code[y]![x] = dark !== MASKS[mask]!(x, y);
      bit++;
    }
  }
  return code;
}

function formats(version: number, mask: number, n: number, set: (x: number, y: number, dark: boolean) => void): void {
  let rest = mask; // level M is 00
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const format = ((mask << 10) | rest) ^ 0x5412;
  const f = (i: number): boolean => ((format >> i) & 1) === 1;
  for (let i = 0; i <= 5; i++) set(8, i, f(i));
  set(8, 7, f(6)); set(8, 8, f(7)); set(7, 8, f(8));
  for (let i = 9; i < 15; i++) set(14 - i, 8, f(i));
  for (let i = 0; i < 8; i++) set(n - 1 - i, 8, f(i));
  for (let i = 8; i < 15; i++) set(8, n - 15 + i, f(i));
  set(8, n - 8, true);
  if (version < 7) return;
  let code = version;
  for (let i = 0; i < 12; i++) code = (code << 1) ^ ((code >> 11) * 0x1f25);
  const bits = (version << 12) | code;
  for (let i = 0; i < 18; i++) {
    const dark = ((bits >> i) & 1) === 1, a = n - 11 + (i % 3), b = Math.floor(i / 3);
    set(a, b, dark); set(b, a, dark);
  }
}

function penalty(code: readonly boolean[][]): number {
  const n = code.length;
  let score = 0, dark = 0;
  for (let i = 0; i < n; i++) for (const at of [(j: number) => code[i]![j]!, (j: number) => code[j]![i]!]) {
    let run = 1, line = at(0) ? "1" : "0";
    for (let j = 1; j < n; j++) {
      line += at(j) ? "1" : "0";
      run = at(j) === at(j - 1) ? run + 1 : 1;
      if (run === 5) score += 3; else if (run > 5) score++;
    }
    score += 40 * (line.match(/(?=10111010000|00001011101)/g)?.length ?? 0);
  }
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) {
    if (code[y]![x]) dark++;
    if (x && y && code[y]![x] === code[y - 1]![x] && code[y]![x] === code[y]![x - 1] && code[y]![x] === code[y - 1]![x - 1]) score += 3;
  }
  return score + Math.floor(Math.abs((dark * 20) / (n * n) - 10)) * 10;
}
