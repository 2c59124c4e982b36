import { describe, expect, it, vi } from 'vitest';
import type { Field, RecordData, TypeMeta } from '../src/api/types';
import { Draft, type Kept } from '../src/record/draft';

const field = (name: string, type: Field['type'], more: Partial<Field> = {}): Field => ({ name, type, label: { zh: name, en: name }, ...more });
const type: TypeMeta = {
  name: 'note', resource: 'notes', kind: 'document', label: { zh: '便条', en: 'Notes' }, titleField: 'number',
  fields: [
    field('shelf', 'ref', { required: true }), field('noteDate', 'date', { required: true }), field('total', 'decimal', { computed: true, decimals: 2 }),
    field('gadget', 'ref', { group: 'dimensions' }), field('remark', 'text'),
  ],
  tables: [{ name: 'lines', label: { zh: '明细', en: 'Lines' }, minRows: 1, fields: [
    field('gadget', 'ref', { required: true }), field('quantity', 'decimal', { required: true, decimals: 2 }), field('amount', 'decimal', { computed: true }),
  ] }],
  states: [], editableStates: [], actions: [], list: { columns: [] },
  permissions: { read: true, create: true, update: true, delete: true, export: true, unmask: true },
};
const saved = (): RecordData => ({
  id: 'n1', version: 3, shelf: { id: 's1', name: 'East' }, noteDate: '2026-01-02', total: '2.00', remark: 'a', dimensions: { gadget: { id: 'g9' } },
  lines: [{ id: 'l1', gadget: { id: 'g1' }, quantity: '1.00', amount: '2.00' }],
});

describe('a new record', () => {
  it('sends what was filled in, groups nested, empty rows left out', () => {
    const draft = new Draft(type, null);
    draft.setHead('shelf', { id: 's1', code: 'S1', name: 'East' });
    draft.setHead('gadget', { code: 'G9' });
    const key = draft.addRow('lines');
    draft.setCell('lines', key, 'gadget', { id: 'g1' });
    draft.setCell('lines', key, 'quantity', '2.5');
    expect(draft.rows('lines')).toHaveLength(2);
    expect(draft.body()).toEqual({ shelf: { id: 's1' }, dimensions: { gadget: { code: 'G9' } }, lines: [{ gadget: { id: 'g1' }, quantity: '2.5' }] });
  });
  it('finds what is missing, and places the refusals of the server past empty rows', () => {
    const draft = new Draft(type, null);
    const key = draft.addRow('lines');
    draft.setCell('lines', key, 'quantity', '2.555');
    expect([...draft.faults('en').keys()]).toEqual(['shelf', 'noteDate', 'lines[1].gadget', 'lines[1].quantity']);
    expect(draft.pathOf('lines[0].quantity')).toBe('lines[1].quantity');
    expect(draft.pathOf('dimensions.gadget')).toBe('gadget');
  });
});

describe('rows', () => {
  it('are moved, sent in their new order, and nothing falls out at the ends', () => {
    const draft = new Draft(type, { ...saved(), lines: ['l1', 'l2', 'l3'].map((id) => ({ id, gadget: { id: 'g1' }, quantity: '1.00', amount: '2.00' })) });
    const order = () => draft.rows('lines').map((row) => row.values.id);
    draft.moveRow('lines', 'l3', 0);
    expect([order(), draft.dirty]).toEqual([['l3', 'l1', 'l2'], true]);
    draft.moveRow('lines', 'l3', -1);
    draft.moveRow('lines', 'l2', 3);
    draft.moveRow('lines', 'nobody', 1);
    expect(order()).toEqual(['l3', 'l1', 'l2']);
    expect((draft.body().lines as { id: string }[]).map((row) => row.id)).toEqual(['l3', 'l1', 'l2']);
  });
});

describe('an old record', () => {
  it('sends only the changes, and the version', () => {
    const draft = new Draft(type, saved());
    expect(draft.dirty).toBe(false);
    draft.setHead('remark', 'b');
    expect(draft.body()).toEqual({ remark: 'b', version: 3 });
  });
  it('sends rows with their ids once one of them changed', () => {
    const draft = new Draft(type, saved());
    draft.setCell('lines', 'l1', 'quantity', '4');
    expect(draft.body()).toEqual({ version: 3, lines: [{ id: 'l1', gadget: { id: 'g1' }, quantity: '4' }] });
  });
  it('lays its edits over somebody else\'s newer version', () => {
    const draft = new Draft(type, saved());
    draft.setHead('remark', 'mine');
    const theirs = { ...saved(), version: 4, remark: 'theirs', noteDate: '2026-05-05' };
    expect(draft.conflicts(theirs).map((c) => [c.field.name, c.mine, c.theirs])).toEqual([['remark', 'mine', 'theirs']]);
    draft.rebase(theirs);
    expect(draft.head.noteDate).toBe('2026-05-05');
    expect(draft.body()).toEqual({ remark: 'mine', version: 4 });
  });
  it('keeps one request id for the retries of a save, and takes a new one after a change', () => {
    const draft = new Draft(type, saved());
    const first = draft.requestId;
    expect(draft.requestId).toBe(first);
    draft.setHead('remark', 'b');
    expect(draft.requestId).not.toBe(first);
  });
});

it('a key wakes its row, not the others and not the head', () => {
  const draft = new Draft(type, { ...saved(), lines: [{ id: 'l1' }, { id: 'l2' }] });
  const [one, two, head] = [vi.fn(), vi.fn(), vi.fn()];
  draft.subscribe('row:l1', one);
  draft.subscribe('row:l2', two);
  draft.subscribe('head', head);
  draft.setCell('lines', 'l1', 'quantity', '1');
  expect([one.mock.calls.length, two.mock.calls.length, head.mock.calls.length]).toEqual([1, 0, 0]);
});

it('shows what the server computed in the rows that were sent', () => {
  const draft = new Draft(type, null);
  const key = draft.addRow('lines');
  draft.setCell('lines', key, 'quantity', '2');
  draft.setGhosts({ id: 'x', version: 0, total: '9.00', lines: [{ amount: '9.00' }] });
  expect(draft.rows('lines').map((r) => r.ghosts.amount ?? null)).toEqual([null, '9.00']);
  expect(draft.headGhosts.total).toBe('9.00');
});

describe('kept input', () => {
  it('comes back over the record as it is now, rows by their id, without what is sensitive', () => {
    const sensitive = { ...type, fields: [...type.fields, field('phone', 'secret', { sensitive: 'phone' })] };
    const draft = new Draft(sensitive, saved());
    draft.setHead('remark', 'half a sentence');
    draft.setHead('phone', '13800138000');
    draft.setCell('lines', 'l1', 'quantity', '7');
    const key = draft.addRow('lines');
    draft.setCell('lines', key, 'gadget', { id: 'g2' });
    const kept = JSON.parse(JSON.stringify(draft.keep(new Date('2026-01-02T03:04:05Z')))) as Kept;
    expect(JSON.stringify(kept)).not.toContain('13800138000');

    const later = new Draft(sensitive, { ...saved(), version: 5, noteDate: '2026-09-09' });
    later.restore(kept);
    expect(later.dirty).toBe(true);
    expect(later.head.noteDate).toBe('2026-09-09');
    expect(later.body()).toEqual({
      version: 5, remark: 'half a sentence',
      lines: [{ id: 'l1', gadget: { id: 'g1' }, quantity: '7' }, { gadget: { id: 'g2' } }],
    });
  });
  it('sends a row that was removed meanwhile as a new one', () => {
    const draft = new Draft(type, saved());
    draft.setCell('lines', 'l1', 'quantity', '7');
    const later = new Draft(type, { ...saved(), lines: [] });
    later.restore(draft.keep());
    expect(later.body().lines).toEqual([{ gadget: { id: 'g1' }, quantity: '7' }]);
  });
});

it('merges a conflict: what only one changed by itself, what both changed as chosen', () => {
  const draft = new Draft(type, saved());
  draft.setHead('remark', 'mine');
  draft.setHead('noteDate', '2026-03-03');
  draft.setCell('lines', 'l1', 'quantity', '9');
  const theirs = { ...saved(), version: 4, remark: 'theirs', lines: [{ id: 'l1', gadget: { id: 'g1' }, quantity: '5.00' }] };
  expect(draft.conflicts(theirs).map((c) => c.field.name)).toEqual(['remark']);
  expect(draft.conflictingTables(theirs).map((x) => x.name)).toEqual(['lines']);
  draft.rebase(theirs, new Set(['remark', 'lines[]']));
  expect(draft.head.remark).toBe('theirs');
  expect(draft.body()).toEqual({ noteDate: '2026-03-03', version: 4 });
});

it('fills the blank cells of a row, and takes rows over in the place of empty ones', () => {
  const draft = new Draft(type, null);
  const table = type.tables[0];
  if (!table) throw new Error('no table');
  draft.addRows(table, [{ gadget: { id: 'g1' }, quantity: '2' }, { gadget: { id: 'g2' } }]);
  expect(draft.rows('lines').map((r) => r.values.gadget)).toEqual([{ id: 'g1' }, { id: 'g2' }]);
  const second = draft.rows('lines')[1]?.key ?? '';
  draft.fillRow('lines', second, { gadget: { id: 'g9' }, quantity: '3', amount: '1.00' });
  expect(draft.rows('lines')[1]?.values).toMatchObject({ gadget: { id: 'g2' }, quantity: '3', amount: null });
});

it('starts a copy with what may be written, dated anew, its rows as new ones', () => {
  const dated = { ...type, kind: 'document' as const, list: { columns: [], sort: '-noteDate' } };
  const copy = new Draft(dated, null);
  copy.restore(new Draft(dated, saved()).copied());
  const body = copy.body();
  expect(body).toMatchObject({ shelf: { id: 's1' }, remark: 'a', lines: [{ gadget: { id: 'g1' }, quantity: '1.00' }] });
  expect([body.noteDate === '2026-01-02', 'total' in body, JSON.stringify(body).includes('l1')]).toEqual([false, false, false]);
});
