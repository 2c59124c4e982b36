import { Environment } from '@marcbachmann/cel-js';
import type { Field, Json, JsonObject } from '../api/types';
import { asObject, asString } from './values';

/**
 * Conditions of fields, in CEL. The server gives the same answers (`paas/cell/src/condition.rs`); the vectors in
 * `tests/conditions` hold both to that. A condition that cannot be evaluated does not hold.
 */

type Cel = string | bigint | boolean | null;
type Program = (context: Record<string, Cel>) => unknown;

interface Decimal { negative: boolean; whole: string; fraction: string }

function decimal(text: string): Decimal {
  const match = /^(-?)0*(\d*?)(?:\.(\d+?)0*)?$/.exec(text);
  if (match === null || !/\d/.test(text) || !/^-?\d+(\.\d+)?$/.test(text)) throw new Error('not a decimal');
  const whole = match[2] ?? '';
  const fraction = match[3] === '0' ? '' : (match[3] ?? '');
  return { negative: match[1] === '-' && whole + fraction !== '', whole, fraction };
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function magnitude(a: Decimal, b: Decimal): number {
  return a.whole.length - b.whole.length || order(a.whole, b.whole) || order(a.fraction, b.fraction);
}

/** Two decimal texts by value, exactly, however many digits they have. */
function compare(left: string, right: string): number {
  const [a, b] = [decimal(left), decimal(right)];
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  return a.negative ? magnitude(b, a) : magnitude(a, b);
}

const TESTS: Record<string, (sign: number) => boolean> = {
  gt: (sign) => sign > 0, gte: (sign) => sign >= 0, lt: (sign) => sign < 0, lte: (sign) => sign <= 0, eq: (sign) => sign === 0,
};

function environment(): Environment {
  const env = new Environment({ unlistedVariablesAreDyn: true });
  for (const [name, test] of Object.entries(TESTS)) {
    env.registerFunction(`string.${name}(string): bool`, (a: string, b: string) => test(compare(a, b)));
    env.registerFunction(`null.${name}(string): bool`, () => false);
  }
  return env;
}

const ENV = environment();
const read = new Map<string, Program | null>();

function program(text: string): Program | null {
  const known = read.get(text);
  if (known !== undefined) return known;
  let made: Program | null = null;
  try { made = ENV.parse(text); } catch { /* it never holds */ }
  read.set(text, made);
  return made;
}

/** Whether a condition holds over plain values. */
export function evaluate(text: string, context: Record<string, Cel>): boolean {
  try { return program(text)?.(context) === true; } catch { return false; }
}

/** A value of the form as a condition sees it: references by id, whole numbers as such, what is empty as null. */
function seen(field: Field, value: Json | undefined): Cel {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return value;
  if (field.type === 'integer') return /^-?\d+$/.test(asString(value)) ? BigInt(asString(value)) : null;
  const ref = asObject(value);
  if (ref !== null) return asString(ref.id) || asString(ref.code) || null;
  return asString(value) || null;
}

/** Whether a condition holds over the fields of a record or row as they stand in the form. */
export function holds(text: string, fields: Field[], values: JsonObject): boolean {
  return evaluate(text, Object.fromEntries(fields.map((f) => [f.name, seen(f, values[f.name])])));
}
