import type { Field, Json, JsonObject, Ref, RefTarget, TypeMeta } from '../api/types';
import { labelIn, text, type Lang } from '../i18n';
import { parseDate, showInstant } from './dates';
import { groupDecimal, parseDecimal, shiftDecimal, usedDecimals } from './decimal';

/** Whether a value counts as not filled in. */
export function isBlank(value: Json | undefined): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The value as an object, or null. */
export function asObject(value: Json | undefined): JsonObject | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
}

/** A scalar as text; objects give nothing. */
export function asString(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A reference as a person reads it: code or number, and name. */
export function refText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  const ref = asObject(value) as Ref | null;
  if (ref === null) return '';
  return [ref.code ?? ref.number, ref.name].filter((part) => part).join(' ') || (ref.id ?? '');
}

/** Whether somebody sees sensitive values of a type in clear when he asks for them. */
export function mayReveal(type: TypeMeta): boolean {
  return type.permissions.unmask && [...type.fields, ...type.tables.flatMap((table) => table.fields)].some((f) => f.sensitive && !f.masked);
}

/** What the page says with every question about records of a type: it wants masks, and reveals one value at a time. */
export function maskOf(type: TypeMeta | undefined): { mask?: string } {
  return type && mayReveal(type) ? { mask: 'true' } : {};
}

/** Where the references of a field point; users and departments live in the platform. */
export function targetOf(field: Field): RefTarget | null {
  if (field.type === 'user') return { cell: 'platform', resource: 'users', type: 'user' };
  if (field.type === 'department') return { cell: 'platform', resource: 'departments', type: 'department' };
  return field.ref ?? null;
}

/** Whether the values of a field are numbers, shown right-aligned with tabular figures. */
export function isNumeric(type: string): boolean {
  return type === 'decimal' || type === 'integer';
}

/** The value of a field inside a record or a row, wherever the field's group puts it. */
export function valueOf(record: JsonObject, field: Field): Json {
  const own = record[field.name];
  if (own !== undefined) return own;
  return field.group ? (asObject(record[field.group])?.[innerName(field)] ?? null) : null;
}

/** The name of a field inside the object of its group. */
export function innerName(field: Field): string {
  return field.custom ? field.name.slice('custom.'.length) : field.name;
}

/** Whether a field stands inside an object of its group's name on the wire. */
export function isNested(field: Field): boolean {
  return Boolean(field.group);
}

/** Whether a rate is read as a percentage; a rate of exchange is a plain factor. */
export function isPercent(field: Field): boolean {
  return field.kind === 'rate' && !/exchange/i.test(field.name);
}

/** A rate as it is typed: `13%` and `13` are thirteen percent, below one it is the rate itself (`0.13`). */
export function typedRate(typed: string): string | null {
  const plain = parseDecimal(typed);
  if (plain === null || typed.normalize('NFKC').includes('%')) return plain;
  return /^[+-]?0*[1-9]/.test(plain) ? parseDecimal(`${plain}%`) : plain;
}

/** What was typed into a number field as a plain decimal, or null. */
export function typedDecimal(field: Field, typed: string): string | null {
  return isPercent(field) ? typedRate(typed) : parseDecimal(typed);
}

/** A decimal at rest: amounts with all their decimals, prices with two at least, the others without idle zeros. */
export function restDecimal(field: Field, value: string): string {
  const padded = field.kind === undefined || field.kind === 'amount';
  if (padded) return groupDecimal(value, field.decimals);
  if (isPercent(field)) return `${groupDecimal(shiftDecimal(value, 2))}%`;
  const plain = value.includes('.') ? value.replace(/\.?0+$/, '') : value;
  return groupDecimal(plain, field.kind === 'price' ? Math.min(2, field.decimals ?? 2) : 0);
}

/** A value as text in a language. */
export function showValue(field: Field, value: Json | undefined, lang: Lang): string {
  if (isBlank(value)) return '';
  switch (field.type) {
    case 'decimal': return restDecimal(field, asString(value));
    case 'integer': return asString(value);
    case 'boolean': return text(lang, value === true ? 'yes' : 'no');
    case 'instant': return showInstant(asString(value));
    case 'choice':
    case 'state': {
      const choice = field.choices?.find((c) => c.value === value);
      return labelIn(lang, choice?.label, asString(value));
    }
    case 'ref':
    case 'user':
    case 'department':
    case 'anyref': return refText(value);
    case 'ref-list': return Array.isArray(value) ? value.map(refText).join('、') : '';
    case 'text-list': return Array.isArray(value) ? value.map(asString).join('、') : '';
    case 'permissions': return text(lang, 'perm.count', { n: Array.isArray(value) ? value.length : 0 });
    case 'json': return JSON.stringify(value);
    case 'password': return '••••••••';
    case 'text':
    case 'longtext':
    case 'date':
    case 'secret': return typeof value === 'object' ? refText(value) : asString(value);
  }
}

/** A reference as it is sent: by id when known, else by what was typed. */
function refToWire(value: Json): Json {
  const ref = asObject(value) as Ref | null;
  if (ref === null) return value;
  if (ref.id) return { id: ref.id };
  return ref.code ? { code: ref.code } : { number: ref.number ?? null };
}

/** A value as it is sent. */
export function toWire(field: Field, value: Json): Json {
  if (isBlank(value) && !Array.isArray(value)) return null;
  switch (field.type) {
    case 'ref':
    case 'user':
    case 'department':
    case 'anyref': return refToWire(value);
    case 'ref-list': return Array.isArray(value) ? value.map(refToWire) : value;
    case 'integer': return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    default: return value;
  }
}

/** What is wrong with a value before the server is asked, in the person's language; null when nothing is. */
export function fault(field: Field, value: Json, lang: Lang): string | null {
  if (isBlank(value)) return field.required && field.type !== 'boolean' ? text(lang, 'record.required') : null;
  if (field.type === 'date') return parseDate(asString(value)) === null ? text(lang, 'date.bad') : null;
  if (!isNumeric(field.type)) return null;
  const plain = parseDecimal(asString(value));
  if (plain === null) return text(lang, 'decimal.bad');
  const places = field.type === 'integer' ? 0 : (field.decimals ?? 18);
  return usedDecimals(plain) > places ? text(lang, 'decimal.places', { n: places }) : null;
}
