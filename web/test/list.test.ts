import { describe, expect, it } from 'vitest';
import type { Field, RecordData, TypeMeta } from '../src/api/types';
import { commandOf } from '../src/app/commands';
import { matches, searchable } from '../src/app/palette';
import { spanOf } from '../src/lib/dates';
import { setTrail, trailOf } from '../src/lib/trail';
import { sharedActions } from '../src/list/bulk';
import { conditionsIn, conditionsOf, searchOfConditions } from '../src/list/conditions';
import { groupLines, groupsOf, openLeaves } from '../src/list/groups';
import { alternativesIn, chosenColumns, queryOf } from '../src/list/list-state';
import { mergeViews } from '../src/list/view-conflict';
import { isChanged, toView, usualView, viewOf } from '../src/list/view-state';
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

describe('alternatives', () => {
  const groups = [[{ name: 'kind', operator: 'in', value: ['a'] }, { name: 'total', operator: 'gte', value: '1,000' }], [{ name: 'noteDate', operator: 'within', value: 'month' }]];
  it('go into the address and back, and one alone is none', () => {
    const search = searchOfConditions(type, [{ name: 'remark', operator: 'isNull', value: 'true' }], { kind: 'b' }, groups);
    expect(search).toEqual({ kind: '', 'remark[isNull]': 'true', or: '[{"kind":"a","total[gte]":"1000"},{"noteDate[within]":"month"}]' });
    expect(alternativesIn(search.or).map(conditionsIn)).toEqual([[{ name: 'kind', operator: '', value: 'a' }, { name: 'total', operator: 'gte', value: '1000' }], [{ name: 'noteDate', operator: 'within', value: 'month' }]]);
    expect(searchOfConditions(type, [], { or: search.or ?? '' }, [groups[0] ?? []])).toEqual({ or: '', kind: 'a', 'total[gte]': '1000' });
    expect(conditionsOf(search)).toEqual([{ name: 'kind', operator: '', value: '' }, { name: 'remark', operator: 'isNull', value: 'true' }]);
    for (const wrong of ['', 'x', '{}', 'null', '[1]']) expect(alternativesIn(wrong)).toEqual([]);
  });
  it('are asked with their relative dates worked out', () => {
    expect(queryOf(type, { or: '[{"noteDate[within]":"month"},{"kind":"a"}]' }, '2026-11-24').or).toBe('[{"noteDate[gte]":"2026-11-01","noteDate[lte]":"2026-11-30"},{"kind":"a"}]');
  });
});

it('lays the groups of the server out, outer ones with the sums of inner ones, and the records of the open ones', () => {
  const by = type.fields.filter((f) => f.name === 'kind' || f.name === 'shelf').reverse();
  const shelf = { id: 's1', code: 'S1', name: 'East' };
  const answer = { by: ['kind', 'shelf'], data: [
    { keys: { kind: 'b', shelf }, count: 2, sums: { total: '0.30' } }, { keys: { kind: 'b', shelf: null }, count: 1, sums: { total: '1.10' } }, { keys: { kind: null, shelf }, count: 1, sums: { total: '5.00' } },
  ] };
  const groups = groupsOf(answer, by, 'en', '(blank)');
  expect(groups.map((g) => [g.title, g.count, g.sums.total, g.inner.map((x) => `${x.title} ${x.count}`)])).toEqual([['(blank)', 1, '5.00', ['S1 East 1']], ['B', 3, '1.40', ['(blank) 1', 'S1 East 2']]]);
  expect(groups[1]?.inner.map((g) => g.filter)).toEqual([{ kind: 'b', 'shelf[isNull]': 'true' }, { kind: 'b', shelf: 's1' }]);
  const open = (key: string) => key === 'b' || key === 'b\ns1';
  expect(openLeaves(groups, open).map((g) => g.key)).toEqual(['b\ns1']);
  const lines = groupLines(groups, open, (g) => (g.key === 'b\ns1' ? [{ id: '1', version: 1 }] : undefined));
  expect(lines.map((x) => (x.kind === 'group' ? x.group.title : x.kind === 'row' ? x.record.id : `${x.count} more`))).toEqual(['(blank)', 'B', '(blank)', 'S1 East', '1', '1 more']);
});

it('shows the chosen columns in their order, and the usual ones when a choice makes no sense', () => {
  expect(chosenColumns(type, ['price', 'gone', 'number']).map((f) => f.name)).toEqual(['price', 'number']);
  expect(chosenColumns(type, ['gone']).map((f) => f.name)).toEqual(['number', 'shelf', 'noteDate', 'total', 'state']);
});

it('knows when a place shows something else than its view', () => {
  const record = { id: 'v', version: 3, name: 'V', state: 'private', isDefault: true, owner: { id: 'm1' }, definition: { search: { kind: 'a', sort: 'number' }, layout: { widths: { kind: 90, total: 80 }, frozen: 1 } } };
  const view = viewOf(record, 'm1');
  expect(view).toMatchObject({ mine: true, shared: false, usual: true, version: 3 });
  const layout = { frozen: 1, widths: { total: 80, kind: 90 } };
  expect(isChanged(view, { sort: 'number', kind: 'a', view: 'v', page: '2', q: '' }, layout)).toBe(false);
  expect(isChanged(view, { kind: 'b', sort: 'number', view: 'v' }, layout)).toBe(true);
  expect(isChanged(view, { kind: 'a', sort: 'number' }, { ...layout, widths: { ...layout.widths, kind: 91 } })).toBe(true);
  const shared = viewOf({ ...record, id: 's', state: 'shared', owner: { id: 'm2' } }, 'm1');
  expect([usualView([shared, view])?.id, usualView([shared])?.id, usualView([])]).toEqual(['v', 's', undefined]);
  const theirs = { ...view, version: 4, search: { kind: 'b', group: 'shelf' }, layout: { widths: {}, frozen: 2 } };
  expect(mergeViews(view, theirs, new Set(['conditions', 'frozen']))).toMatchObject({ search: { kind: 'b', sort: 'number' }, layout: { widths: { kind: 90, total: 80 }, frozen: 2 } });
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
