import { useSyncExternalStore } from 'react';
import type { Field, Json, JsonObject, RecordData, TableMeta, TypeMeta } from '../api/types';
import type { Lang } from '../i18n';
import { today } from '../lib/dates';
import { uuid } from '../lib/uuid';
import { asObject, fault, innerName, isBlank, isNested, toWire, valueOf } from '../lib/values';

/** A row being edited: `key` is its identity on the page, `id` (inside `values`) that of the server. */
export interface Row { key: string; values: JsonObject; ghosts: JsonObject }

/** Whether the person may write a field at all. */
export function isWritable(field: Field): boolean {
  return !field.computed && !field.readOnly && field.type !== 'state' && field.type !== 'anyref' && field.name !== 'number';
}

function flatten(fields: Field[], record: JsonObject): JsonObject {
  return Object.fromEntries(fields.map((f) => [f.name, valueOf(record, f)]));
}

function put(target: JsonObject, field: Field, value: Json): void {
  if (!isNested(field) || !field.group) { target[field.name] = value; return; }
  const group = asObject(target[field.group]) ?? {};
  group[innerName(field)] = value;
  target[field.group] = group;
}

/** Input that is kept in this browser until it is saved. Sensitive fields and passwords are not part of it. */
export interface Kept { at: string; head: JsonObject; tables: Record<string, JsonObject[]> }

const isKeepable = (field: Field) => isWritable(field) && !field.sensitive && field.type !== 'password' && field.type !== 'secret';

/** What the conditions of a field say now. */
export interface Now { hidden: boolean; required: boolean; fixed: boolean }

const UNCONDITIONAL: Now = { hidden: false, required: false, fixed: false };

/** Whether a field has conditions. */
export function isConditional(field: Field): boolean {
  return (field.visibleWhen ?? field.requiredWhen ?? field.readOnlyWhen) !== undefined;
}

const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * A record while it is edited. Components subscribe to a topic (`head`, `refs`, `base`, `rows:lines`, `row:<key>`, `errors`), so that
 * a key in one cell wakes that row and the totals, never the whole form.
 */
export class Draft {
  base: RecordData | null = null;
  head: JsonObject = {};
  headGhosts: JsonObject = {};
  tables = new Map<string, Row[]>();
  errors = new Map<string, string>();
  /** Idempotency key of the save in progress: the same on a retry, a new one after any change. */
  requestId = uuid();
  /** Set apart the ids of the inputs when a second form stands over the first. */
  ids = '';
  /** Evaluates conditions; `null` while the evaluator is not loaded, or the type has none. */
  holds: ((condition: string, fields: Field[], values: JsonObject) => boolean) | null = null;
  private touched = new Set<string>();
  private versions = new Map<string, number>();
  private wakes = new Map<string, Set<() => void>>();

  constructor(readonly type: TypeMeta, record: RecordData | null) {
    this.load(record);
  }

  /** Takes a record of the server as the new starting point; edits are gone. */
  load(record: RecordData | null): void {
    this.base = record;
    this.head = record ? flatten(this.type.fields, record)
      : Object.fromEntries(this.type.fields.map((f) => [f.name, f.default ?? this.usual(f)]));
    this.headGhosts = {};
    this.touched.clear();
    this.errors.clear();
    this.requestId = uuid();
    for (const table of this.type.tables) {
      const rows = record?.[table.name];
      this.tables.set(table.name, (Array.isArray(rows) ? rows : []).map((row) => this.rowOf(table, asObject(row) ?? {})));
    }
    if (record === null) for (const table of this.type.tables) if ((table.minRows ?? 0) > 0) this.addRow(table.name, true);
    this.wakeAll();
  }

  /** A new document is dated today; the list's sorting says which date is the document's own. */
  private usual(field: Field): Json {
    const own = field.type === 'date' && this.type.kind === 'document' && this.type.list.sort?.replace('-', '') === field.name;
    return own && isWritable(field) ? today() : null;
  }

  private rowOf(table: TableMeta, row: JsonObject): Row {
    const id = typeof row.id === 'string' ? row.id : null;
    return { key: id ?? uuid(), values: { ...(id ? { id } : {}), ...flatten(table.fields, row) }, ghosts: {} };
  }

  subscribe(topic: string, wake: () => void): () => void {
    const set = this.wakes.get(topic) ?? new Set();
    this.wakes.set(topic, set.add(wake));
    return () => set.delete(wake);
  }

  version(topic: string): number {
    return this.versions.get(topic) ?? 0;
  }

  private wake(...topics: string[]): void {
    for (const topic of topics) {
      this.versions.set(topic, this.version(topic) + 1);
      this.wakes.get(topic)?.forEach((wake) => wake());
    }
  }

  private wakeAll(): void {
    this.wake(...new Set([...this.wakes.keys(), 'head', 'refs', 'base', 'errors', 'dirty', 'any']));
  }

  get dirty(): boolean {
    return this.touched.size > 0;
  }

  private change(mark: string, ...topics: string[]): void {
    const first = !this.dirty;
    this.touched.add(mark);
    this.requestId = uuid();
    this.wake(...topics, 'any', ...(first ? ['dirty'] : []));
  }

  setHead(name: string, value: Json): void {
    this.head = { ...this.head, [name]: value };
    this.clearError(name);
    const refers = this.type.fields.some((f) => f.name === name && f.type === 'ref');
    this.change(name, 'head', ...(refers ? ['refs'] : []));
  }

  /** What the conditions of a field say: of the head, or of a row. What may be changed, the stored record tells. */
  when(field: Field, table?: TableMeta, values: JsonObject = this.head): Now {
    if (this.holds === null || !isConditional(field)) return UNCONDITIONAL;
    const fields = table === undefined ? this.type.fields : (this.type.tables.find((t) => t.name === table.name) ?? table).fields;
    const is = (text: string | undefined, of: JsonObject | null) => text !== undefined && of !== null && this.holds?.(text, fields, of) === true;
    return {
      hidden: field.visibleWhen !== undefined && !is(field.visibleWhen, values),
      required: is(field.requiredWhen, values),
      fixed: is(field.readOnlyWhen, this.stored(table, values.id)),
    };
  }

  /** Whether a field of the type has conditions, and what evaluates them is not here yet. */
  get asks(): boolean {
    return this.holds === null && [...this.type.fields, ...this.type.tables.flatMap((t) => t.fields)].some(isConditional);
  }

  /** Takes what evaluates conditions. */
  learn(holds: NonNullable<Draft['holds']>): void {
    this.holds = holds;
    this.wakeAll();
  }

  /** The values of the stored record, or of its row. */
  private stored(table: TableMeta | undefined, id: Json | undefined): JsonObject | null {
    if (this.base === null) return null;
    if (table === undefined) return flatten(this.type.fields, this.base);
    const rows = this.base[table.name];
    const row = (Array.isArray(rows) ? rows : []).map((r) => asObject(r)).find((r) => r !== null && r.id === id);
    return row ? flatten(table.fields, row) : null;
  }

  /** A field as it is demanded now. */
  private demanded(field: Field, table?: TableMeta, values?: JsonObject): Field {
    return this.when(field, table, values).required ? { ...field, required: true } : field;
  }

  rows(table: string): Row[] {
    return this.tables.get(table) ?? [];
  }

  setCell(table: string, key: string, name: string, value: Json): void {
    const rows = this.rows(table);
    const at = rows.findIndex((r) => r.key === key);
    const row = rows[at];
    if (!row) return;
    const next = [...rows];
    next[at] = { ...row, values: { ...row.values, [name]: value } };
    this.tables.set(table, next);
    this.clearError(`${table}[${at}].${name}`);
    this.change(`${table}[]`, `row:${key}`, `totals:${table}`);
  }

  addRow(table: string, quiet = false, values: JsonObject = {}): string {
    const meta = this.type.tables.find((t) => t.name === table);
    const defaults = Object.fromEntries((meta?.fields ?? []).map((f) => [f.name, f.default ?? null]));
    const row: Row = { key: uuid(), values: { ...defaults, ...values }, ghosts: {} };
    this.tables.set(table, [...this.rows(table), row]);
    if (quiet) this.wake(`rows:${table}`);
    else this.change(`${table}[]`, `rows:${table}`, `totals:${table}`);
    return row.key;
  }

  /** Fills the blank writable cells of a row: what a choice in one cell says about the others. */
  fillRow(table: string, key: string, values: JsonObject): void {
    const row = this.rows(table).find((r) => r.key === key);
    const fields = this.type.tables.find((t) => t.name === table)?.fields ?? [];
    for (const field of fields) {
      const value = values[field.name];
      if (value !== undefined && isWritable(field) && isBlank(row?.values[field.name])) this.setCell(table, key, field.name, value);
    }
  }

  /** Puts rows behind the others; rows that nobody has filled in give way. */
  addRows(table: TableMeta, rows: JsonObject[]): void {
    this.tables.set(table.name, this.rows(table.name).filter((row) => !this.isEmpty(table, row)));
    rows.forEach((values) => this.addRow(table.name, true, values));
    this.change(`${table.name}[]`, `rows:${table.name}`, `totals:${table.name}`);
  }

  removeRow(table: string, key: string): void {
    this.tables.set(table, this.rows(table).filter((r) => r.key !== key));
    this.errors.clear();
    this.change(`${table}[]`, `rows:${table}`, `totals:${table}`, 'errors');
  }

  /** Puts a row where another stands. */
  moveRow(table: string, key: string, to: number): void {
    const rows = [...this.rows(table)];
    const from = rows.findIndex((r) => r.key === key);
    if (from < 0 || from === to || to < 0 || to >= rows.length) return;
    rows.splice(to, 0, ...rows.splice(from, 1));
    this.tables.set(table, rows);
    // Paths of errors count rows.
    this.errors.clear();
    this.change(`${table}[]`, `rows:${table}`, 'errors');
  }

  copyRow(table: string, key: string): string | null {
    const row = this.rows(table).find((r) => r.key === key);
    if (!row) return null;
    const { id, ...values } = row.values;
    return this.addRow(table, false, values);
  }

  setErrors(errors: Map<string, string>): void {
    this.errors = errors;
    this.wake('errors');
  }

  private clearError(path: string): void {
    if (this.errors.delete(path)) this.wake('errors');
  }

  /** What the server computed for the present input (from a dry run). */
  setGhosts(record: RecordData): void {
    this.headGhosts = flatten(this.type.fields, record);
    for (const table of this.type.tables) {
      const answered = record[table.name];
      const answers = Array.isArray(answered) ? answered : [];
      let at = 0;
      const rows = this.rows(table.name).map((row) => {
        if (this.isEmpty(table, row)) return row;
        const answer = asObject(answers[at++]);
        return answer ? { ...row, ghosts: flatten(table.fields, answer) } : row;
      });
      this.tables.set(table.name, rows);
      this.wake(...rows.map((r) => `row:${r.key}`), `totals:${table.name}`);
    }
    this.wake('head');
  }

  /** Whether nobody has filled in anything in a new row. */
  isEmpty(table: TableMeta, row: Row): boolean {
    if (row.values.id) return false;
    return table.fields.every((f) => !isWritable(f) || isBlank(row.values[f.name]) || same(row.values[f.name], f.default));
  }

  /** What is missing or unreadable before the server is asked, by path. */
  faults(lang: Lang): Map<string, string> {
    const found = new Map<string, string>();
    for (const field of this.type.fields) {
      if (!isWritable(field) || (field.type === 'password' && this.base)) continue;
      const problem = fault(this.demanded(field), this.head[field.name] ?? null, lang);
      if (problem) found.set(field.name, problem);
    }
    for (const table of this.type.tables) {
      this.rows(table.name).forEach((row, at) => {
        if (this.isEmpty(table, row)) return;
        for (const field of table.fields.filter(isWritable)) {
          const problem = fault(this.demanded(field, table, row.values), row.values[field.name] ?? null, lang);
          if (problem) found.set(`${table.name}[${at}].${field.name}`, problem);
        }
      });
    }
    return found;
  }

  private wireRows(table: TableMeta): Json[] {
    return this.rows(table.name).filter((row) => !this.isEmpty(table, row)).map((row) => {
      const id = row.values.id;
      const out: JsonObject = id ? { id } : {};
      for (const field of table.fields.filter(isWritable)) {
        const value = row.values[field.name] ?? null;
        if (id ?? !isBlank(value)) put(out, field, toWire(field, value));
      }
      return out;
    });
  }

  /** The body of the save: the whole for a new record, the changes for an old one. */
  body(): JsonObject {
    const out: JsonObject = {};
    for (const field of this.type.fields.filter(isWritable)) {
      const value = this.head[field.name] ?? null;
      const wanted = this.base === null ? !isBlank(value) : !same(value, valueOf(this.base, field));
      if (wanted && !(field.type === 'password' && isBlank(value))) put(out, field, toWire(field, value));
    }
    for (const table of this.type.tables) {
      if (this.base === null || this.touched.has(`${table.name}[]`)) out[table.name] = this.wireRows(table);
    }
    if (this.base !== null) out.version = this.base.version;
    return out;
  }

  /** Fields that were edited here and that somebody else saved differently meanwhile. */
  conflicts(theirs: RecordData): { field: Field; mine: Json; theirs: Json }[] {
    return this.type.fields.filter((f) => isWritable(f) && this.touched.has(f.name))
      .map((field) => ({ field, mine: this.head[field.name] ?? null, theirs: valueOf(theirs, field) }))
      .filter((c) => !same(c.mine, c.theirs) && !(this.base && same(valueOf(this.base, c.field), c.theirs)));
  }

  /** Tables whose rows were edited here and changed by somebody else meanwhile. */
  conflictingTables(theirs: RecordData): TableMeta[] {
    return this.type.tables.filter((table) => {
      if (!this.touched.has(`${table.name}[]`)) return false;
      const plain = (rows: Json | undefined) => (Array.isArray(rows) ? rows : []).map((row) => flatten(table.fields.filter(isWritable), asObject(row) ?? {}));
      return !same(plain(this.base?.[table.name]), plain(theirs[table.name]));
    });
  }

  /** Lays the edits over a newer version of the record, except those that are given up (`name`, or `table[]`). */
  rebase(theirs: RecordData, given: Set<string> = new Set()): void {
    given.forEach((mark) => this.touched.delete(mark));
    const fresh = flatten(this.type.fields, theirs);
    for (const name of this.touched) if (name in this.head) fresh[name] = this.head[name] ?? null;
    this.base = theirs;
    this.head = fresh;
    this.requestId = uuid();
    for (const table of this.type.tables) {
      if (this.touched.has(`${table.name}[]`)) continue;
      const rows = theirs[table.name];
      this.tables.set(table.name, (Array.isArray(rows) ? rows : []).map((row) => this.rowOf(table, asObject(row) ?? {})));
    }
    this.wakeAll();
  }

  /** What has been changed and not saved. */
  keep(now: Date = new Date()): Kept {
    const head = this.type.fields.filter((f) => isKeepable(f) && this.touched.has(f.name)).map((f) => [f.name, this.head[f.name] ?? null] as const);
    const tables = this.type.tables.filter((t) => this.touched.has(`${t.name}[]`)).map((table) => [table.name, this.rows(table.name)
      .filter((row) => !this.isEmpty(table, row))
      .map((row) => Object.fromEntries(Object.entries(row.values).filter(([name]) => name === 'id' || table.fields.some((f) => f.name === name && isKeepable(f)))))] as const);
    return { at: now.toISOString(), head: Object.fromEntries(head), tables: Object.fromEntries(tables) };
  }

  /** What a copy of a record starts with: everything that may be written but its code, its own date and its identity. */
  copied(): Kept {
    const own = this.type.list.sort?.replace('-', '');
    const head = this.type.fields.filter((f) => isKeepable(f) && !['code', 'number', 'username'].includes(f.name) && !(f.type === 'date' && f.name === own))
      .map((f) => [f.name, this.head[f.name] ?? null] as const);
    const tables = this.type.tables.map((table) => [table.name, this.rows(table.name)
      .map((row) => Object.fromEntries(table.fields.filter(isKeepable).map((f) => [f.name, row.values[f.name] ?? null])))] as const);
    return { at: new Date().toISOString(), head: Object.fromEntries(head), tables: Object.fromEntries(tables) };
  }

  /** Lays kept input over the record as it is now. A row that was removed meanwhile comes back as a new one. */
  restore(kept: Kept): void {
    const known = this.type.fields.filter(isKeepable);
    for (const field of known) {
      const value = kept.head[field.name];
      if (value === undefined) continue;
      this.head = { ...this.head, [field.name]: value };
      this.touched.add(field.name);
    }
    for (const table of this.type.tables) {
      const rows = kept.tables[table.name];
      if (rows === undefined) continue;
      const before = new Map(this.rows(table.name).map((row) => [row.values.id, row]));
      this.tables.set(table.name, rows.map(({ id, ...values }) => {
        const old = id === undefined ? undefined : before.get(id);
        return old ? { ...old, values: { ...old.values, ...values } } : { key: uuid(), values: { ...this.rowOf(table, {}).values, ...values }, ghosts: {} };
      }));
      this.touched.add(`${table.name}[]`);
    }
    this.requestId = uuid();
    this.wakeAll();
  }

  /** Maps a path of the server (rows counted without empty ones) to a place on the page. */
  pathOf(path: string): string {
    const match = /^(\w+)\[(\d+)\]\.(.+)$/.exec(path);
    if (!match) return this.plain(path);
    const [, name = '', index = '', field = ''] = match;
    const table = this.type.tables.find((t) => t.name === name);
    if (!table) return path;
    const rows = this.rows(name);
    const wanted = rows.filter((r) => !this.isEmpty(table, r))[Number(index)];
    const at = wanted ? rows.indexOf(wanted) : Number(index);
    return `${name}[${at}].${this.plain(field)}`;
  }

  private plain(path: string): string {
    if (path.startsWith('custom.')) return path;
    const parts = path.split('.');
    const fields = [...this.type.fields, ...this.type.tables.flatMap((table) => table.fields)];
    return (fields.some((field) => field.group === parts[0]) ? parts[1] : parts[0]) ?? path;
  }
}

/** Renders again when the topic of the draft changes. */
export function useDraft(draft: Draft, topic: string): number {
  return useSyncExternalStore((wake) => draft.subscribe(topic, wake), () => draft.version(topic));
}
