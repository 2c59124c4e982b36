import type { Json } from '../api/types';
import { showInstant } from '../lib/dates';
import { groupDecimal } from '../lib/decimal';
import { asString, isBlank, refText } from '../lib/values';

const NUMBERS = new Set(['decimal', 'integer', 'amount', 'quantity', 'price', 'rate', 'number']);

/** Whether the values of a report's column are numbers. */
export function isNumberColumn(type: string): boolean {
  return NUMBERS.has(type);
}

/** A cell of a report as a person reads it. */
export function showCell(type: string, value: Json | undefined): string {
  if (isBlank(value)) return '';
  if (type === 'instant') return showInstant(asString(value));
  if (isNumberColumn(type)) return groupDecimal(asString(value));
  return typeof value === 'object' ? refText(value) : asString(value);
}
