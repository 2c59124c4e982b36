import { describe, expect, it } from 'vitest';
import type { Field, RecordData, TypeMeta } from '../src/api/types';
import { commandOf } from '../src/app/commands';
import { matches, searchable } from '../src/app/palette';
import { spanOf } from '../src/lib/dates';
import { setTrail, trailOf } from '../src/lib/trail';
import { sharedActions } from '../src/list/bulk';
import { conditionsOf, searchOfConditions } from '../src/list/filters';
import { groupLines } from '../src/list/groups';
import { chosenColumns, queryOf } from '../src/list/list-state';
import { isChanged, toView } from '../src/list/view-state';
import { closedActions } from '../src/record/actions';
import { rowFrom } from '../src/record/pick-rows';

const L = (en: string) => ({ zh: en, en });
const field = (name: string, type: Field['type'], more: Partial<Field> = {}): Field => ({ name, type, label: L(name), filter: true, ...more });
const type: TypeMeta = {
  name: 'note', resource: 'notes', kind: 'document', label: L('Note'), titleField: 'number',
  fields: [
    field('shelf', 'ref', { ref: { cell: 'toy', resource: 'shelves', type: 'shelf' } }), field('noteDate', 'date', { sort: true }), field('kind', 'choice', { choices: [{ value: 'a', label: L('A') }, { value: 'b', label: L('B') }] }),
    field('total', 'decimal', { kind: 'amount', decimals: 2, computed: true }), field('price', 'decimal', { kind: 'price', decimals: 4 }), field('remark', 'text'), field('state', 'state'),
  ],
  tables: [], states: [{ value: 'draft', label: L('Draft'), tone: 'draft' }, { value: 'done', label: L('Done'), tone: 'done' }], editableStates: ['draft'],
  actions: [
    { name: 'finish', label: L('Finish'), from: ['draft'], to: 'done', allowed: true }, { name: 'lift', label: L('Lift'), from: ['done'], to: 'draft', allowed: false },
    { name: 'copy', label: L('Copy'), from: ['draft'], to: 'draft', allowed: true, data: [field('date', 'date', { required: true })] },
    { name: 'copy', label: L('Copy'), from: ['done'], to: 'done', allowed: true },
  ],
  permissions: { read: true, create: true, update: true, delete: true, export: true, unmask: true }, list: { columns: ['number', 'shelf', 'noteDate', 'total', 'state'], sort: '-noteDate' },
};

describe('relative dates', () => {
  it('move with today; weeks begin on Monday', () => {
    expect(spanOf('week', '2026-11-29')).toEqual({ from: '2026-11-23', to: '2026-11-29' });
    expect(spanOf('lastMonth', '2026-01-15')).toEqual({ from: '2025-12-01', to: '2025-12-31' });
    expect(spanOf('month', '2028-02-10')).toEqual({ from: '2028-02-01', to: '2028-02-29' });
    expect(spanOf('quarter', '2026-12-31')).toEqual({ from: '2026-10-01', to: '2026-12-31' });
    expect(spanOf('past7', '2026-03-03')).toEqual({ from: '2026-02-25', to: '2026-03-03' });
    expect(spanOf('someday')).toBeNull();
  });
  it('stand in the address by name, and are asked for as dates', () => {
    const asked = queryOf(type, { 'noteDate[within]': 'month', kind: 'a', cols: 'number', view: 'x', group: 'shelf' }, '2026-11-24');
    expect(asked).toEqual({ 'noteDate[gte]': '2026-11-01', 'noteDate[lte]': '2026-11-30', kind: 'a', sort: '-noteDate', page: '1', pageSize: '50' });
  });
});

describe('conditions', () => {
  it('go into the address and back', () => {
    const search = searchOfConditions(type, [
      { name: 'shelf', operator: 'in', value: [{ id: 's1' }, { id: 's2' }] }, { name: 'kind', operator: 'in', value: ['a'] }, { name: 'noteDate', operator: 'gte', value: '2026-1-5' },
      { name: 'total', operator: 'lte', value: '1,000' }, { name: 'remark', operator: 'isNull', value: 'true' }, { name: 'gone', operator: '', value: 'x' }, { name: 'price', operator: 'gte', value: '' },
    ], { 'noteDate[within]': 'month', q: 'word' });
    expect(search).toEqual({ 'noteDate[within]': '', 'shelf[in]': 's1,s2', kind: 'a', 'noteDate[gte]': '2026-01-05', 'total[lte]': '1000', 'remark[isNull]': 'true' });
    expect(searchOfConditions(type, conditionsOf({ 'shelf.code[startsWith]': 'S1' }), { 'shelf.code[startsWith]': 'S1' })).toEqual({ 'shelf.code[startsWith]': 'S1' });
    expect(conditionsOf({ q: 'w', 'shelf[in]': 's1,s2', kind: 'a' })).toEqual([{ name: 'shelf', operator: 'in', value: 's1,s2' }, { name: 'kind', operator: '', value: 'a' }]);
  });
});

it('groups rows under sums of amounts, not of prices', () => {
  const row = (id: string, kind: string | null, total: string): RecordData => ({ id, version: 1, kind, total, price: '1.0000' });
  const by = type.fields[2];
  if (!by) throw new Error('no field');
  const lines = groupLines([row('1', 'b', '0.10'), row('2', 'a', '5.00'), row('3', 'b', '0.20'), row('4', null, '1.00')], by, type.fields, new Set(['A']), 'en', '(blank)');
  expect(lines.map((l) => (l.kind === 'group' ? `${l.group.title} ${l.group.count} ${JSON.stringify(l.group.sums)}` : l.record.id)))
    .toEqual(['(blank) 1 {"total":"1.00"}', '4', 'A 1 {"total":"5.00"}', 'B 2 {"total":"0.30"}', '1', '3']);
});

it('shows the chosen columns in their order, and the usual ones when a choice makes no sense', () => {
  expect(chosenColumns(type, ['price', 'gone', 'number']).map((f) => f.name)).toEqual(['price', 'number']);
  expect(chosenColumns(type, ['gone']).map((f) => f.name)).toEqual(['number', 'shelf', 'noteDate', 'total', 'state']);
});

it('knows when a place shows something else than its view', () => {
  const view = { id: 'v', name: 'V', search: { kind: 'a', sort: 'number' } };
  expect(isChanged(view, { sort: 'number', kind: 'a', view: 'v', page: '2', q: '' })).toBe(false);
  expect(isChanged(view, { kind: 'b', sort: 'number', view: 'v' })).toBe(true);
  expect(toView(view, { remark: 'x', kind: 'b' })).toEqual({ remark: '', kind: 'a', sort: 'number', view: 'v' });
});

it('says why a step is not possible: the right, the state, or what only the server knows', () => {
  const record = { id: 'n', version: 1, state: 'draft' };
  expect(closedActions(type, record, [{ action: 'copy', label: 'Copy' }], 'en').map((a) => [a.name, a.reason])).toEqual([
    ['finish', 'Its conditions are not met now'], ['lift', 'You lack the right; ask an administrator'],
  ]);
  expect(closedActions(type, { ...record, state: 'done' }, [], 'en').find((a) => a.name === 'finish')?.reason).toBe('Needs state: Draft');
});

it('offers on many records only what all of them can take without being asked anything', () => {
  const at = (state: string): RecordData => ({ id: state, version: 1, state });
  expect(sharedActions(type, [at('draft')]).map((a) => a.name)).toEqual(['finish']);
  expect(sharedActions(type, [at('draft'), at('done')]).map((a) => a.name)).toEqual([]);
  expect(sharedActions(type, [at('done')], true).map((a) => a.name)).toEqual(['finish']);
});

it('takes rows over from another record with the reference, what both have, and the quantity', () => {
  const table = { name: 'lines', label: L('Lines'), fields: [field('noteLine', 'ref', { ref: { cell: 'toy', resource: 'note-lines', type: 'note-line' } }), field('gadget', 'ref'), field('quantity', 'decimal', { kind: 'quantity' }), field('cost', 'decimal', { computed: true })] };
  const link = table.fields[0];
  if (!link) throw new Error('no field');
  expect(rowFrom(table, link, { id: 'l7', gadget: { id: 'g' }, quantity: '9', cost: '3' }, '2.5')).toEqual({ noteLine: { id: 'l7' }, gadget: { id: 'g' }, quantity: '2.5' });
});

it('knows the neighbours of a record in the list its reader came from', () => {
  setTrail('toy/notes', ['a', 'b', 'c'], {});
  expect(trailOf('toy/notes', 'a')).toEqual({ previous: undefined, next: 'b', at: 1, count: 3 });
  expect(trailOf('toy/notes', 'z')).toBeNull();
  expect(trailOf('toy/shelves', 'a')).toBeNull();
});

describe('keys and words', () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({ key, code: `Key${key.toUpperCase()}`, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  it('act outside of inputs; those with Ctrl or Alt everywhere', () => {
    expect(commandOf(press('k', { ctrlKey: true }), true)).toBe('palette');
    expect(commandOf(press('ñ', { altKey: true, code: 'KeyN' }), true)).toBe('new');
    expect(commandOf(press('?', { shiftKey: true, code: 'Slash' }), false)).toBe('help');
    expect(commandOf(press('/', { code: 'Slash' }), true)).toBeNull();
    expect(commandOf(press('PageDown', { altKey: true, code: 'PageDown' }), false)).toBe('next');
    expect(commandOf(press('s'), false)).toBeNull();
  });
  it('find all words in any order, and ask documents first for what looks like a number', () => {
    expect(matches('order new', 'New Order')).toBe(true);
    expect(matches('order x', 'New Order')).toBe(false);
    const master: TypeMeta = { ...type, name: 'shelf', resource: 'shelves', kind: 'master', fields: [field('code', 'text', { search: true })] };
    const metas = [{ cell: 'toy', label: L('Toy'), types: [master, type], menus: [{ label: L('M'), items: [{ type: 'note' }, { type: 'shelf' }] }], reports: [] }];
    expect(searchable(metas, 'N2026').map((x) => x.type.name)).toEqual(['note', 'shelf']);
    expect(searchable(metas, 'east').map((x) => x.type.name)).toEqual(['shelf', 'note']);
  });
});
