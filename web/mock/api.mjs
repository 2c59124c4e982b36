// A toy server that speaks the contract, in memory: what the page's own tests and screenshots run against.
// Neutral words only; one document type with rows, two masters, one report, users and roles.
const L = (zh, en) => ({ zh, en });
const f = (name, zh, en, type, more = {}) => ({ name, label: L(zh, en), type, ...more });
const ref = (resource, type) => ({ ref: { cell: 'toy', resource, type } });
const ALL = { read: true, create: true, update: true, delete: true, export: true, unmask: true };
const MASTER_STATES = [{ value: 'active', label: L('启用', 'Active'), tone: 'active' }, { value: 'disabled', label: L('停用', 'Disabled'), tone: 'void' }];

const gadget = {
  name: 'gadget', resource: 'gadgets', kind: 'master', label: L('物件', 'Gadgets'), titleField: 'name', tables: [], states: MASTER_STATES, editableStates: [],
  actions: [], permissions: ALL, list: { columns: ['code', 'name', 'price', 'state'], sort: 'code' },
  fields: [
    f('code', '编码', 'Code', 'text', { required: true, sort: true, filter: true, search: true }), f('name', '名称', 'Name', 'text', { required: true, search: true }),
    f('price', '价格', 'Price', 'decimal', { kind: 'price', decimals: 4 }), f('phone', '电话', 'Phone', 'secret', { sensitive: 'phone' }),
    f('state', '状态', 'State', 'state', { filter: true }),
  ],
};
const shelf = {
  ...gadget, name: 'shelf', resource: 'shelves', label: L('货架', 'Shelves'), list: { columns: ['code', 'name', 'state'], sort: 'code' },
  fields: [gadget.fields[0], gadget.fields[1], gadget.fields[4]],
};
const note = {
  name: 'note', resource: 'notes', kind: 'document', label: L('便条', 'Notes'), titleField: 'number',
  fields: [
    f('shelf', '货架', 'Shelf', 'ref', { ...ref('shelves', 'shelf'), required: true, list: true, filter: true }),
    f('noteDate', '日期', 'Date', 'date', { required: true, list: true, filter: true, sort: true }),
    f('kind', '类别', 'Kind', 'choice', { choices: [{ value: 'normal', label: L('普通', 'Normal') }, { value: 'urgent', label: L('加急', 'Urgent') }], list: true, filter: true }),
    f('keeper', '经手人', 'Keeper', 'user', {}), f('included', '含税', 'Tax included', 'boolean', { default: false }),
    f('remark', '备注', 'Remark', 'longtext', { maxLength: 500 }),
    f('total', '合计', 'Total', 'decimal', { kind: 'amount', decimals: 2, computed: true, list: true }),
    f('state', '状态', 'State', 'state', { filter: true, list: true }),
  ],
  tables: [{
    name: 'lines', label: L('明细', 'Lines'), minRows: 1,
    fields: [
      f('gadget', '物件', 'Gadget', 'ref', { ...ref('gadgets', 'gadget'), required: true }), f('quantity', '数量', 'Quantity', 'decimal', { kind: 'quantity', decimals: 4, required: true }),
      f('price', '单价', 'Price', 'decimal', { kind: 'price', decimals: 4 }), f('dueDate', '交期', 'Due', 'date'), f('remark', '说明', 'Remark', 'text'),
      f('amount', '金额', 'Amount', 'decimal', { kind: 'amount', decimals: 2, computed: true }),
    ],
  }],
  states: [
    { value: 'draft', label: L('草稿', 'Draft'), tone: 'draft' }, { value: 'confirmed', label: L('已确认', 'Confirmed'), tone: 'active' },
    { value: 'done', label: L('已完成', 'Done'), tone: 'done' }, { value: 'void', label: L('作废', 'Void'), tone: 'void' },
  ],
  editableStates: ['draft'],
  actions: [
    { name: 'confirm', label: L('确认', 'Confirm'), from: ['draft'], to: 'confirmed', allowed: true, data: [] },
    { name: 'copy', label: L('派生', 'Derive'), from: ['confirmed'], to: 'confirmed', allowed: true, data: [f('date', '日期', 'Date', 'date')] },
    { name: 'finish', label: L('完成', 'Finish'), from: ['confirmed'], to: 'done', allowed: true, data: [] },
    { name: 'void', label: L('作废', 'Void'), from: ['draft'], to: 'void', allowed: true, data: [] },
  ],
  permissions: ALL, list: { columns: ['number', 'shelf', 'noteDate', 'kind', 'total', 'state'], sort: '-noteDate' },
};
const metas = {
  toy: {
    cell: 'toy', label: L('演示', 'Toy'), etag: '1', types: [note, gadget, shelf],
    menus: [{ label: L('便条', 'Notes'), items: [{ type: 'note' }, { report: 'balance' }] }, { label: L('基础资料', 'Masters'), items: [{ type: 'gadget' }, { type: 'shelf' }, { screen: 'shelf-map' }] }],
    screens: [{ name: 'shelf-map', label: L('货架图', 'Shelf map'), type: 'shelf' }],
    reports: [{ name: 'balance', label: L('余额表', 'Balance'), allowed: true, parameters: [f('from', '起', 'From', 'date', { required: false, choices: [] }), f('to', '止', 'To', 'date', { required: false, choices: [] })] }],
    dashboards: [{
      name: 'overview', label: L('概览', 'Overview'),
      panels: [
        { label: L('各科目余额', 'Balances'), report: 'balance', with: [{ parameter: 'from', monthsAgo: 11 }], figures: ['debit'], chart: { kind: 'bars', by: 'name', values: ['debit'], most: 10 } },
        { label: L('借贷合计', 'Both sides'), report: 'balance', with: [], figures: [], chart: { kind: 'totals', by: null, values: ['debit', 'credit'], most: 10 } },
      ],
    }],
  },
  platform: {
    cell: 'platform', label: L('平台', 'Platform'), etag: '1', reports: [], menus: [{ label: L('系统管理', 'Administration'), items: [{ type: 'user' }, { type: 'role' }] }],
    types: [
      {
        ...gadget, name: 'user', resource: 'users', label: L('用户', 'Users'), titleField: 'username', list: { columns: ['username', 'name', 'roles', 'state'], sort: 'username' },
        fields: [
          f('username', '用户名', 'User name', 'text', { required: true }), f('name', '姓名', 'Name', 'text', { required: true }), f('password', '密码', 'Password', 'password'),
          f('roles', '角色', 'Roles', 'ref-list', { ref: { cell: 'platform', resource: 'roles', type: 'role' } }), f('state', '状态', 'State', 'state'),
        ],
      },
      {
        ...gadget, name: 'saved-view', resource: 'saved-views', label: L('视图', 'Saved views'), titleField: 'name', list: { columns: ['name', 'type', 'state'], sort: null },
        states: [{ value: 'private', label: L('私有', 'Private'), tone: 'draft' }, { value: 'shared', label: L('共享', 'Shared'), tone: 'active' }],
        actions: [{ name: 'share', label: L('共享', 'Share'), from: ['private'], to: 'shared', allowed: true, data: [] }, { name: 'withdraw', label: L('取消共享', 'Stop sharing'), from: ['shared'], to: 'private', allowed: true, data: [] }],
        fields: [f('cell', '应用', 'Cell', 'text'), f('type', '类型', 'Type', 'text', { filter: true }), f('name', '名称', 'Name', 'text', { required: true }), f('isDefault', '默认', 'Default', 'boolean'), f('definition', '定义', 'Definition', 'json')],
      },
      {
        ...gadget, name: 'role', resource: 'roles', label: L('角色', 'Roles'), list: { columns: ['code', 'name', 'permissions'], sort: 'code' }, states: [],
        fields: [gadget.fields[0], gadget.fields[1], f('permissions', '权限', 'Permissions', 'permissions')],
      },
    ],
  },
};

const pad = (n, w = 3) => String(n).padStart(w, '0');
const NAMES = [['扳手', 'Wrench'], ['滑轮', 'Pulley'], ['齿轮', 'Gear'], ['弹簧', 'Spring'], ['铰链', 'Hinge'], ['轴承', 'Bearing'], ['阀门', 'Valve'], ['垫圈', 'Washer']];

/** A fresh toy company: a store with a `handle` that answers requests. */
export function toyServer({ notes = 64 } = {}) {
  let next = 1;
  const store = new Map();
  const history = new Map();
  const id = () => `0199${pad(next++, 4)}-0000-7000-8000-000000000000`;
  const all = (key) => store.get(key) ?? store.set(key, []).get(key);
  const add = (key, record) => { const full = { id: id(), version: 1, createdAt: '2026-03-02T01:20:00Z', updatedAt: '2026-03-02T01:20:00Z', createdBy: { id: 'u1', code: 'kim', name: 'Kim' }, owner: { id: 'm1', code: 'kim', name: 'Kim' }, ...record }; all(key).push(full); return full; };
  NAMES.forEach(([zh, en], i) => add('toy/gadgets', { code: `G${pad(i + 1)}`, name: zh, nameEn: en, price: `${(i + 1) * 12}.5000`, phone: '138****8000', state: 'active' }));
  ['东', '南', '西', '北'].forEach((name, i) => add('toy/shelves', { code: `S${i + 1}`, name: `${name}区货架`, nameEn: `Shelf ${'ESWN'[i]}`, state: 'active' }));
  add('platform/roles', { code: 'keeper', name: '保管员', permissions: ['toy.note.read', 'toy.note.confirm', 'toy.report.balance'] });
  add('platform/users', { username: 'kim', name: 'Kim', roles: [], state: 'active' });

  const reference = (value, key) => {
    const wanted = typeof value === 'string' ? { id: value, code: value } : (value ?? {});
    const found = all(key).find((r) => r.id === wanted.id || (wanted.code && (r.code ?? r.username) === wanted.code));
    return found ? { id: found.id, code: found.code ?? found.username, name: found.name } : null;
  };
  const cents = (a, b) => Math.round(Number(a) * Number(b) * 100) / 100;
  const compute = (record) => {
    record.shelf = reference(record.shelf, 'toy/shelves');
    record.keeper = record.keeper ? reference(record.keeper, 'platform/users') : null;
    record.lines = (record.lines ?? []).map((line) => {
      const full = all('toy/gadgets').find((g) => g.id === reference(line.gadget, 'toy/gadgets')?.id);
      const price = line.price ?? full?.price ?? '0.0000';
      return { id: line.id ?? id(), ...line, gadget: reference(line.gadget, 'toy/gadgets'), price, amount: cents(line.quantity, price).toFixed(2) };
    });
    record.total = record.lines.reduce((sum, line) => sum + Number(line.amount), 0).toFixed(2);
    return record;
  };
  const seed = (i) => add('toy/notes', compute({
    number: `N202603-${pad(i, 5)}`, shelf: `S${(i % 4) + 1}`, noteDate: `2026-03-${pad((i % 28) + 1, 2)}`, kind: i % 5 === 0 ? 'urgent' : 'normal', keeper: null, included: false, remark: null,
    state: ['draft', 'confirmed', 'done', 'void'][i % 4], lines: Array.from({ length: (i % 5) + 1 }, (_, k) => ({ gadget: `G${pad(((i + k) % 8) + 1)}`, quantity: `${k + 2}.0000` })),
  }));
  for (let i = 1; i <= notes; i++) seed(i);

  const typeAt = (cell, resource) => metas[cell]?.types.find((t) => t.resource === resource);
  const view = (type, record, lang) => {
    const named = (r) => (r && lang === 'en' ? { ...r, name: all('toy/gadgets').concat(all('toy/shelves')).find((x) => x.id === r.id)?.nameEn ?? r.name } : r);
    const out = { ...record, ...(record.nameEn && lang === 'en' ? { name: record.nameEn } : {}), ...(record.shelf ? { shelf: named(record.shelf) } : {}) };
    if (record.lines) out.lines = record.lines.map((l) => ({ ...l, gadget: named(l.gadget) }));
    out.allowedActions = type.actions.filter((a) => a.from.includes(record.state)).map((a) => ({ action: a.name, label: a.label[lang] }));
    return out;
  };
  const refuse = (status, code, message, details = null) => ({ status, body: { code, message, details, requestId: 'toy-request' } });
  const ok = (body, status = 200) => ({ status, body });
  const missing = (type, record, lang) => {
    const text = lang === 'en' ? 'Required' : '请填写';
    const found = type.fields.filter((x) => x.required && !record[x.name]).map((x) => ({ field: x.name, code: 'REQUIRED', message: text }));
    for (const table of type.tables) (record[table.name] ?? []).forEach((row, i) => {
      for (const x of table.fields) if (x.required && !row[x.name]) found.push({ field: `${table.name}[${i}].${x.name}`, code: 'REQUIRED', message: text });
      if (Number(row.quantity) > 999) found.push({ field: `${table.name}[${i}].quantity`, code: 'TOO_LARGE', message: lang === 'en' ? 'At most 999' : '最多 999' });
    });
    return found;
  };
  const text = (v) => (v && typeof v === 'object' ? `${v.id} ${v.code} ${v.name}` : String(v ?? ''));
  const holds = (r, key, value) => {
    const [, name, operator] = /^([^[]+)(?:\[(\w+)\])?$/.exec(key) ?? [];
    const has = (v) => text(r[name]) === v || text(r[name]).split(' ').includes(v);
    switch (operator) {
      case 'in': return value.split(',').some(has);
      case 'ne': return !has(value);
      case 'gte': return text(r[name]) >= value;
      case 'lte': return text(r[name]) <= value;
      case 'startsWith': return text(r[name]).startsWith(value);
      case 'contains': return text(r[name]).includes(value);
      case 'isNull': return (text(r[name]) === '') === (value === 'true');
      default: return has(value);
    }
  };
  const matching = (records, query) => {
    const own = new Set(['page', 'pageSize', 'sort', 'q', 'fields', 'after', 'by', 'sum', 'format', 'mask']);
    let hits = records.filter((r) => !query.get('q') || JSON.stringify(r).toLowerCase().includes(query.get('q').toLowerCase()));
    for (const [key, value] of query) {
      if (own.has(key)) continue;
      if (key === 'or') hits = hits.filter((r) => JSON.parse(value).some((group) => Object.entries(group).every(([k, v]) => holds(r, k, String(v)))));
      else hits = hits.filter((r) => holds(r, key, value));
    }
    return hits;
  };
  const groups = (records, query) => {
    const [by, sums] = ['by', 'sum'].map((name) => (query.get(name) ?? '').split(',').filter(Boolean));
    const found = new Map();
    for (const record of matching(records, query)) {
      const keys = Object.fromEntries(by.map((name) => [name, record[name] ?? null]));
      const key = JSON.stringify(by.map((name) => text(record[name])));
      const group = found.get(key) ?? found.set(key, { keys, count: 0, sums: Object.fromEntries(sums.map((s) => [s, 0])) }).get(key);
      group.count += 1;
      for (const s of sums) group.sums[s] += Math.round(Number(record[s] ?? 0) * 100);
    }
    return ok({ by, data: [...found.values()].map((g) => ({ ...g, sums: Object.fromEntries(Object.entries(g.sums).map(([s, n]) => [s, (n / 100).toFixed(2)])) })) });
  };
  const list = (type, records, query, lang) => {
    let hits = matching(records, query);
    const sort = query.get('sort') ?? '';
    const key = sort.replace('-', '');
    if (key) hits = [...hits].sort((a, b) => text(a[key]).localeCompare(text(b[key])) * (sort.startsWith('-') ? -1 : 1));
    const page = Number(query.get('page') ?? 1);
    const size = Number(query.get('pageSize') ?? 50);
    const from = Number(query.get('after') ?? (page - 1) * size);
    const next = from + size < hits.length ? String(from + size) : null;
    return ok({ data: hits.slice(from, from + size).map((r) => view(type, r, lang)), page, pageSize: size, total: Math.min(hits.length, 10_000), totalExact: hits.length <= 10_000, next });
  };
  const note_ = (key, action, before, after) => { history.set(key, [{ at: '2026-03-02T01:20:00Z', actor: { id: 'u1', name: 'Kim' }, action, before, after, requestId: `r${next++}` }, ...(history.get(key) ?? [])]); };

  const write = (type, key, old, body, dry, lang) => {
    const { version, ...change } = body;
    if (old && version !== old.version) return refuse(409, 'CONFLICT', lang === 'en' ? 'Changed meanwhile' : '已被修改', { version: old.version });
    let record = { ...(old ?? { state: type.states[0]?.value, number: null }), ...change };
    const faults = missing(type, record, lang);
    if (faults.length > 0) return refuse(400, 'VALIDATION_FAILED', lang === 'en' ? 'Please check the marked fields' : '请检查标出的字段', faults);
    if (type === note) record = compute(record);
    if (dry) return ok(view(type, { id: 'dry', version: 0, ...record }, lang));
    if (!old) {
      if (type === note) record.number = `N202604-${pad(next, 5)}`;
      const made = add(key, record);
      note_(made.id, 'create', null, change);
      return ok(view(type, made, lang), 201);
    }
    note_(old.id, 'update', Object.fromEntries(Object.keys(change).map((k) => [k, old[k]])), change);
    Object.assign(old, record, { version: old.version + 1 });
    return ok(view(type, old, lang));
  };
  const transit = (type, key, record, body, lang) => {
    const action = type.actions.find((a) => a.name === body.action && a.from.includes(record.state));
    if (!action) return refuse(409, 'INVALID_TRANSITION', 'not now');
    if (action.name === 'finish' && Number(record.total) > 5000) return refuse(422, 'BUSINESS_RULE', lang === 'en' ? 'The total is above 5,000.00' : '合计超过 5,000.00，不能完成', { rule: 'toy.note.too-large' });
    note_(record.id, action.name, { state: record.state }, { state: action.to });
    record.state = action.to;
    record.version += 1;
    const created = action.name === 'copy' ? [add(key, compute({ ...structuredClone(record), id: id(), number: `N202604-${pad(next, 5)}`, state: 'draft', madeFrom: record.id }))] : [];
    return ok({ ...view(type, record, lang), created: created.map((c) => ({ type: 'toy.note', id: c.id, number: c.number })) });
  };

  const auth = (path, body, cookie) => {
    if (path === 'me') return ok({
      person: { id: 'p1', name: 'Kim', username: 'kim' }, membership: { id: 'm1', kind: 'staff' }, tenant: { code: 'demo', name: '演示公司' }, department: null,
      roles: [{ code: 'keeper', name: '保管员' }], permissions: ['toy.*', 'platform.saved-view.share'], cells: [{ code: 'toy', name: 'Toy' }], memberships: [{ tenant: 'demo', name: '演示公司' }, { tenant: 'two', name: '第二公司' }],
    });
    if (path === 'revoke') return { ...ok(null), cookie: 'toy=; Path=/api/v1/auth; HttpOnly; Max-Age=0' };
    if (path === 'password') return ok(null);
    if (body.grant_type === 'refresh_token' && !cookie.includes('toy=1')) return refuse(401, 'UNAUTHENTICATED', 'no session');
    if (body.grant_type === 'password' && body.password !== 'Demo@12345') return refuse(401, 'INVALID_CREDENTIALS', '用户名或密码不正确 | wrong');
    return { ...ok({ access_token: 'toy', token_type: 'Bearer', expires_in: 600 }), cookie: 'toy=1; Path=/api/v1/auth; HttpOnly; SameSite=Strict' };
  };
  const report = (lang) => ok({
    columns: [['account', '科目', 'Account', 'text'], ['name', '名称', 'Name', 'text'], ['opening', '期初', 'Opening', 'decimal'], ['debit', '增加', 'In', 'decimal'], ['credit', '减少', 'Out', 'decimal'], ['closing', '期末', 'Closing', 'decimal']]
      .map(([name, zh, en, type]) => ({ name, type, label: lang === 'en' ? en : zh })),
    rows: Array.from({ length: 18 }, (_, i) => ({ account: String(1000 + i), name: NAMES[i % 8][lang === 'en' ? 1 : 0], opening: `${i * 1000}.00`, debit: `${i * 250}.50`, credit: `${i * 300}.25`, closing: `${i === 3 ? '-' : ''}${i * 950}.25`, ...(i % 6 === 0 ? { isGroup: true } : {}) })),
    totals: { opening: '153000.00', debit: '38326.50', credit: '45904.50', closing: '145425.00' }, asOf: '2026-03-31',
  });

  /** Answers one call: `{status, body}`. */
  function handle({ method, url, headers = {}, body = null }) {
    const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
    const lang = (headers['accept-language'] ?? 'zh').startsWith('en') ? 'en' : 'zh';
    const [, , , cell, resource, key, tail] = pathname.split('/');
    if (cell === 'auth') return auth(resource, body ?? {}, headers.cookie ?? '');
    if (resource === 'meta') return metas[cell] ? ok(metas[cell]) : refuse(404, 'NOT_FOUND', 'no such cell');
    if (resource === 'notices') return key === 'seen' ? ok({ unseen: 0 }) : ok({ data: [], unseen: 0, next: null });
    if (resource === 'reports') return report(lang);
    const type = typeAt(cell, resource);
    if (!type) return refuse(404, 'NOT_FOUND', 'no such resource');
    const name = `${cell}/${resource}`;
    const dry = searchParams.get('dryRun') === 'true';
    if (!key) return method === 'POST' ? write(type, name, null, body, dry, lang) : list(type, all(name), searchParams, lang);
    if (key === 'groups') return groups(all(name), searchParams);
    if (key === 'transitions') {
      const results = body.items.map((item) => ({ id: item.id, ...transit(type, name, all(name).find((r) => r.id === item.id), { action: body.action }, lang) }));
      return ok({ results: results.map((r) => ({ id: r.id, status: r.status, error: r.status >= 400 ? r.body : null })) });
    }
    const record = all(name).find((r) => r.id === key);
    if (!record) return refuse(404, 'NOT_FOUND', lang === 'en' ? 'Not found' : '没有找到');
    if (tail === 'links') {
      return ok({ data: all('toy/notes').filter((n) => n.madeFrom === key || record.madeFrom === n.id).map((n) => ({
        direction: n.madeFrom === key ? 'to' : 'from', type: 'note', resource: 'notes', label: note.label[lang], id: n.id, number: n.number, date: n.noteDate, state: n.state,
      })) });
    }
    if (tail === 'history') return ok({ data: history.get(key) ?? [] });
    if (tail === 'transitions') return transit(type, name, record, body, lang);
    if (method === 'PATCH') return write(type, name, record, body, dry, lang);
    if (method === 'DELETE') { store.set(name, all(name).filter((r) => r !== record)); return { status: 204, body: null }; }
    return ok(view(type, record, lang));
  }
  return { handle, all };
}
