import type { Field, Json, JsonObject, TypeMeta } from '../api/types';
import type { Search } from '../app/search';
import { parseDate } from '../lib/dates';
import { parseDecimal } from '../lib/decimal';
import { asString } from '../lib/values';
import { fieldOf, filterEntries, filtersOf, splitFilter } from './list-state';

/** One condition as it is put together: all conditions have to hold; `in` holds when any of its values does. */
export interface Condition { name: string; operator: string; value: Json }

/** Whether a field refers to a record. */
export const isRef = (field: Field) => ['ref', 'user', 'department'].includes(field.type);
/** Whether a field has a few declared values. */
export const isChoice = (field: Field) => field.type === 'choice' || field.type === 'state';

/** The operators a field takes, the usual one first; `''` is equality. */
export function operatorsOf(field: Field): string[] {
  switch (field.type) {
    case 'date': return ['within', 'gte', 'lte', '', 'isNull'];
    case 'instant': return ['gte', 'lte'];
    case 'decimal': case 'integer': return ['gte', 'lte', '', 'ne'];
    case 'boolean': return [''];
    case 'choice': case 'state': return ['in', 'ne'];
    case 'ref': case 'user': case 'department': return ['in', 'isNull'];
    default: return ['startsWith', '', 'contains', 'isNull'];
  }
}

/** The filters that are conditions; the state has tabs of its own. */
export function conditionEntries(search: Search): [string, string][] {
  return filterEntries(search).filter(([key]) => key !== 'state');
}

function conditionOf(key: string, value: string): Condition {
  const { name, operator } = splitFilter(key);
  return { name, operator, value };
}

/** The conditions of an alternative. */
export function conditionsIn(group: Search): Condition[] {
  return Object.entries(group).map(([key, value]) => conditionOf(key, value));
}

/** The conditions of a place. */
export function conditionsOf(search: Search): Condition[] {
  return conditionEntries(search).map(([key, value]) => conditionOf(key, value));
}

/** The ids or values of a condition that takes several. */
export const idsOf = (value: Json): string[] => (Array.isArray(value) ? value.map((v) => (typeof v === 'string' ? v : asString((v as JsonObject | null)?.id))) : asString(value).split(',')).filter((id) => id !== '');

/** A condition as a key and a value of the address; null when it is not filled in. */
function entryOf(type: TypeMeta, { name, operator, value }: Condition): [string, string] | null {
  const field = fieldOf(type, name);
  // What the builder cannot show, as a condition on a record that is referred to, stays as it stands.
  if (!field) return name.includes('.') ? [operator === '' ? name : `${name}[${operator}]`, asString(value)] : null;
  const list = operator === 'in' ? idsOf(value) : [];
  const text = operator === 'in' ? list.join(',')
    : field.type === 'date' && operator !== 'within' && operator !== 'isNull' ? (parseDate(asString(value)) ?? '')
      : field.type === 'decimal' || field.type === 'integer' ? (parseDecimal(asString(value)) ?? '')
        : asString(value);
  if (text === '') return null;
  const single = operator === 'in' && list.length === 1;
  return [single || operator === '' ? name : `${name}[${operator}]`, text];
}

const entriesOf = (type: TypeMeta, conditions: Condition[]) => Object.fromEntries(conditions.flatMap((c) => { const entry = entryOf(type, c); return entry ? [entry] : []; }));

/** The search of conditions; what is not filled in is left out, what a place no longer has is cleared. With alternatives: one of those groups holds too. */
export function searchOfConditions(type: TypeMeta, conditions: Condition[], before: Search, alternatives: Condition[][] = []): Search {
  const cleared: Search = Object.fromEntries(conditionEntries(before).map(([key]) => [key, '']));
  const groups = alternatives.map((group) => entriesOf(type, group)).filter((group) => Object.keys(group).length > 0);
  const [only] = groups;
  // One alternative is none: its conditions simply hold.
  if (groups.length < 2) return { ...cleared, ...(before.or ? { or: '' } : {}), ...entriesOf(type, conditions), ...only };
  return { ...cleared, ...entriesOf(type, conditions), or: JSON.stringify(groups) };
}

/** Fields an alternative may be about: those of filters, and the state. */
export function alternativeFields(type: TypeMeta): Field[] {
  const state = type.fields.find((f) => f.type === 'state' && f.filter);
  return [...filtersOf(type), ...(state ? [{ ...state, choices: type.states }] : [])];
}
