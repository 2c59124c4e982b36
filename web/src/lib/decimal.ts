/** Decimal strings, never floats: what the server states is shown and sent back digit by digit. */

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/** Reads what a person typed (grouping commas, full-width digits, a trailing %) into a plain decimal, or null. */
export function parseDecimal(typed: string): string | null {
  let text = typed.normalize('NFKC').replace(/[,\s¥$]/g, '').replace(/[。．]/g, '.').replace(/[−－]/g, '-');
  let shift = 0;
  if (text.endsWith('%')) {
    text = text.slice(0, -1);
    shift = 2;
  }
  const match = SHAPE.exec(text);
  if (!match || (!match[2] && !match[3])) return null;
  const sign = match[1] === '-' ? '-' : '';
  let whole = match[2] ?? '';
  let part = match[3] ?? '';
  if (shift > 0) {
    whole = whole.padStart(shift + 1, '0');
    part = whole.slice(-shift) + part;
    whole = whole.slice(0, -shift);
    part = part.replace(/0+$/, '');
  }
  whole = whole.replace(/^0+(?=\d)/, '') || '0';
  return part ? `${sign}${whole}.${part}` : `${sign}${whole}`;
}

/** Number of decimals a plain decimal really uses (trailing zeros do not count). */
export function usedDecimals(value: string): number {
  return (value.split('.')[1] ?? '').replace(/0+$/, '').length;
}

/** A plain decimal with thousands grouped, and at least `decimals` digits behind the point. */
export function groupDecimal(value: string, decimals?: number | null): string {
  const match = SHAPE.exec(value);
  if (!match) return value;
  const whole = (match[2] ?? '0').replace(/\B(?=(\d{3})+(?!\d))/g, ',') || '0';
  const part = (match[3] ?? '').padEnd(decimals ?? 0, '0');
  const sign = match[1] === '-' ? '-' : '';
  return part ? `${sign}${whole}.${part}` : `${sign}${whole}`;
}

/** A plain decimal times ten to the power of `places`, without idle zeros. */
export function shiftDecimal(value: string, places: number): string {
  const match = SHAPE.exec(value);
  if (!match) return value;
  const part = (match[3] ?? '').padEnd(places, '0');
  const whole = ((match[2] ?? '') + part.slice(0, places)).replace(/^0+(?=\d)/, '') || '0';
  const rest = part.slice(places).replace(/0+$/, '');
  return `${match[1] === '-' ? '-' : ''}${whole}${rest ? `.${rest}` : ''}`;
}

/** A plain decimal with so many digits behind the point, half away from zero. */
export function roundDecimal(value: string, places: number): string {
  const match = SHAPE.exec(value);
  if (!match) return value;
  const part = (match[3] ?? '').padEnd(places + 1, '0');
  const up = part.charAt(places) >= '5' ? 1n : 0n;
  const digits = (BigInt((match[2] ?? '') + part.slice(0, places) || '0') + up).toString().padStart(places + 1, '0');
  const sign = match[1] === '-' && /[1-9]/.test(digits) ? '-' : '';
  return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Exact sum of plain decimals, by scaled integers; blanks count nothing. Answers null when one is no decimal. */
export function sumDecimals(values: (string | null | undefined)[]): string | null {
  const scale = Math.max(0, ...values.map((v) => (v ?? '').split('.')[1]?.length ?? 0));
  let total = 0n;
  for (const value of values) {
    if (value === null || value === undefined || value === '') continue;
    const match = SHAPE.exec(value);
    if (!match || (!match[2] && !match[3])) return null;
    const digits = BigInt((match[2] ?? '') + (match[3] ?? '').padEnd(scale, '0'));
    total += match[1] === '-' ? -digits : digits;
  }
  const sign = total < 0n ? '-' : '';
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, '0');
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
