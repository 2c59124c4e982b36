/** Shapes of the wire: what `GET /{cell}/meta`, `/auth/me` and the resource calls answer. */

/** Any JSON value as it travels. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** One text in both languages. */
export interface Label { zh: string; en: string }

/** The closed set of field types; the widget registry is exhaustive over it. */
export const FIELD_TYPES = [
  'text', 'longtext', 'integer', 'decimal', 'boolean', 'date', 'instant', 'choice', 'state', 'ref', 'ref-list', 'user',
  'department', 'secret', 'anyref', 'text-list', 'permissions', 'password', 'json',
] as const;
/** One of {@link FIELD_TYPES}. */
export type FieldType = (typeof FIELD_TYPES)[number];

/** A value a choice field may take. */
export interface Choice { value: string; label: Label }

/** Where a reference points. */
export interface RefTarget { cell: string; resource: string; type: string }

/** One field of a record or of a row, resolved for the caller. */
export interface Field {
  name: string;
  label: Label;
  help?: Label | null;
  type: FieldType;
  kind?: 'amount' | 'price' | 'quantity' | 'rate';
  ref?: RefTarget | null;
  group?: string | null;
  /** Added by an administrator: its name is `custom.` and its key, under which it stands inside `custom`. */
  custom?: boolean;
  required?: boolean;
  readOnly?: boolean;
  computed?: boolean;
  decimals?: number | null;
  maxLength?: number | null;
  choices?: Choice[];
  sensitive?: string | null;
  masked?: boolean;
  list?: boolean;
  filter?: boolean;
  sort?: boolean;
  search?: boolean;
  /** Whether the server adds it up in groups. */
  sum?: boolean;
  default?: Json;
  /** Conditions in CEL over the other fields of the record or row. */
  visibleWhen?: string;
  requiredWhen?: string;
  readOnlyWhen?: string;
}

/** A table of rows inside a record. */
export interface TableMeta { name: string; label: Label; fields: Field[]; minRows?: number }

/** A state and the tone it is drawn in. */
export interface StateMeta { value: string; label: Label; tone: 'draft' | 'active' | 'done' | 'void' }

/** A step of the flow of a type. */
export interface ActionMeta {
  name: string; label: Label; from: string[]; to: string; allowed: boolean;
  /** What the step asks for, and rows of it. */
  data?: Field[]; dataTables?: TableMeta[];
}

/** What the caller may do with a type. */
export interface Permissions {
  read: boolean; create: boolean; update: boolean; delete: boolean; export: boolean; unmask: boolean;
}

/** One type of record, resolved for the caller. */
export interface TypeMeta {
  name: string;
  resource: string;
  kind: 'document' | 'master' | 'ledger' | 'balance' | 'setting';
  label: Label;
  titleField: string;
  fields: Field[];
  tables: TableMeta[];
  states: StateMeta[];
  editableStates: string[];
  actions: ActionMeta[];
  permissions: Permissions;
  list: { columns: string[]; sort?: string | null };
}

/** A parameter of a report. */
export interface Parameter { name: string; label: Label; type: FieldType; required: boolean; choices: Choice[] }
/** Where cells of a report lead: a resource or another report, with conditions from the row and from what was asked. */
export interface Drill { columns: string[]; resource?: string; report?: string; with: { to: string; column?: string; parameter?: string }[] }
/** A report of a cell. */
export interface ReportMeta { name: string; label: Label; parameters: Parameter[]; allowed: boolean; drill?: Drill[] }
/** How rows of a report are drawn: which column names the points, which are drawn, how many at most. */
export interface ChartMeta { kind: 'columns' | 'bars' | 'lines' | 'totals'; by?: string | null; values: string[]; most: number }
/** A report on a dashboard: what it is asked, the figures above its chart, and the chart. */
export interface Panel { label: Label; report: string; with: { parameter: string; value?: string; monthsAgo?: number }[]; figures: string[]; chart: ChartMeta }
/** Reports at a glance; the panels this person may read. */
export interface Dashboard { name: string; label: Label; panels: Panel[] }
/** One entry of the menu. */
export interface MenuItem { type?: string; report?: string; dashboard?: string; screen?: string }
/** A special screen for the records of a type, by the name it has in the page's register. */
export interface ScreenMeta { name: string; label: Label; type: string }
/** A group of the menu. */
export interface Menu { label: Label; items: MenuItem[] }

/** Everything the page needs to know of a cell. */
export interface CellMeta {
  cell: string;
  label: Label;
  etag?: string;
  types: TypeMeta[];
  menus: Menu[];
  reports: ReportMeta[];
  dashboards?: Dashboard[];
  screens?: ScreenMeta[];
}

/** A name in both languages as `/auth/me` carries it. */
export interface Named { code: string; name: string; nameEn?: string | null; sampleOf?: string | null }

/** Who is signed in, where, and with which rights. */
export interface Me {
  person: { id: string; name: string; username: string };
  membership: { id: string; kind: string };
  tenant: Named & { zone?: string };
  department: (Named & { id: string }) | null;
  roles: Named[];
  permissions: string[];
  cells: { code: string; name: string }[];
  memberships: { tenant: string; name: string; nameEn?: string | null }[];
}

/** {@link Me} as it travels: the user name may stand with the membership, cells may be bare codes. */
export interface MeAnswer extends Omit<Me, 'person' | 'membership' | 'cells' | 'memberships'> {
  person: { id: string; name: string; username?: string };
  membership: { id: string; kind: string; username?: string };
  cells: (string | { code: string; name: string })[];
  memberships?: Me['memberships'];
}

/** A reference as answers carry it. */
export type Ref = { id?: string; code?: string | null; number?: string | null; name?: string | null };

/** An action that is possible on a record now, labelled in the caller's language. */
export interface AllowedAction { action: string; label: string }
/** A record that an action made. */
export interface Created { type: string; id: string; number: string | null }

/** A record: system fields are typed, the others are JSON. */
export type RecordData = JsonObject & { id: string; version: number };

/** A page of a list. */
export interface Page { data: RecordData[]; page: number; pageSize: number; total: number; totalExact: boolean; next: string | null }

/** The answer of a report. */
export interface ReportAnswer {
  columns: { name: string; label: string; type: string }[];
  rows: JsonObject[];
  totals?: JsonObject | null;
  asOf?: string;
}

/** One entry of a record's history. */
export interface HistoryEntry {
  at: string; actor: { id: string; name: string } | null; action: string;
  /** The action in the caller's language. */
  label?: string | null;
  before: JsonObject | null; after: JsonObject | null; requestId: string;
}
