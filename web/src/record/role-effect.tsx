import { useQuery } from '@tanstack/react-query';
import { Button, Drawer, Input } from 'antd';
import { useState } from 'react';
import { api } from '../api/client';
import type { Json, JsonObject, Label } from '../api/types';
import { Failure, Skeleton } from '../app/notice';
import { useText, useWords } from '../i18n';
import { useDraft, type Draft } from './draft';

const WORDS = {
  zh: {
    open: '预览效果', title: '这个角色能看什么、做什么', text: '由服务器按同一套权限规则计算，未保存的修改也算在内。', find: '查找类型', nothing: '这个角色什么也不能做。', none: '没有匹配的类型',
    type: '类型', verbs: '可以做', fields: '字段限制', silent: '以下应用暂时没有应答，未计入：{cells}', reports: '报表', services: '服务', closed: '（需要“全部”数据范围）',
    all: '全部记录', departments: '所选或所属部门的记录', own: '本人的记录', parties: '往来方自己的记录', 'own-and-shared': '本人的和共享的记录', none_scope: '没有任何记录', hidden: '看不到', masked: '打码', read: '只读',
    department: '本部门的记录', 'department-tree': '本部门及下级的记录',
  },
  en: {
    open: 'Preview of the effect', title: 'What this role sees and does', text: 'Worked out by the server with the rules it judges callers by; changes that are not saved count too.', find: 'Find a type', nothing: 'This role may do nothing.', none: 'No type matches',
    type: 'Type', verbs: 'May', fields: 'Fields', silent: 'Not included, because they do not answer at the moment: {cells}', reports: 'Reports', services: 'Services', closed: '(takes the data scope “all”)',
    all: 'all records', departments: 'records of the chosen departments', own: 'own records', parties: 'records of the partner itself', 'own-and-shared': 'own and shared records', none_scope: 'no record at all', hidden: 'hidden', masked: 'masked', read: 'read only',
    department: 'records of the own department', 'department-tree': 'records of the own department and below',
  },
};
type Word = keyof (typeof WORDS)['zh'];

interface TypeEffect { type: string; label: Label; verbs: { verb: string; label: Label; scope: string }[]; fields: { name: string; label: Label; right: 'hidden' | 'masked' | 'read' }[] }
interface Opened { permission: string; label: Label; open: boolean }
interface CellEffect { cell: string; label: Label; types: TypeEffect[]; reports: Opened[]; services: Opened[] }
/** What the server says of a role. */
export interface Effect { dataScope: string; cells: CellEffect[]; silent: string[] }

/** The verbs of a type by what they reach, widest as they come. */
export function byScope(type: TypeEffect): [string, TypeEffect['verbs']][] {
  const scopes = new Map<string, TypeEffect['verbs']>();
  for (const verb of type.verbs) scopes.set(verb.scope, [...(scopes.get(verb.scope) ?? []), verb]);
  return [...scopes.entries()];
}

/** The role as it stands in the form, as the server takes it on trial. */
export function trialOf(draft: Draft): JsonObject {
  const { permissions, dataScope, fieldRights } = draft.head;
  const json = (value: Json | undefined): Json => {
    if (typeof value !== 'string') return value ?? null;
    try { return JSON.parse(value) as Json; } catch { return value; }
  };
  return { permissions: permissions ?? [], ...(dataScope ? { dataScope } : {}), fieldRights: json(fieldRights) };
}

function Types({ types, role }: { types: TypeEffect[]; role: string }) {
  const { l } = useText();
  const w = useWords(WORDS);
  const scope = (name: string) => w((name === 'none' ? 'none_scope' : name === 'departments' && role.startsWith('department') ? role : name) as Word);
  return (
    <table className="plain effect">
      <thead><tr><th>{w('type')}</th><th>{w('verbs')}</th><th>{w('fields')}</th></tr></thead>
      <tbody>
        {types.map((type) => (
          <tr key={type.type}>
            <th scope="row">{l(type.label, type.type)}</th>
            <td>{byScope(type).map(([name, verbs]) => (
              <div key={name} className={name === 'none' ? 'effect-none' : undefined}>{verbs.map((v) => <span key={v.verb} className="tag">{l(v.label, v.verb)}</span>)} <span className="muted small">{scope(name)}</span></div>
            ))}</td>
            <td>{type.fields.length === 0 ? <span className="muted">—</span> : type.fields.map((f) => <div key={f.name}>{l(f.label, f.name)} <span className="muted small">{w(f.right)}</span></div>)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Openings({ title, list }: { title: string; list: Opened[] }) {
  const { l } = useText();
  const w = useWords(WORDS);
  if (list.length === 0) return null;
  return <p className="effect-more"><b>{title}</b> {list.map((o) => <span key={o.permission} className={o.open ? 'tag' : 'tag tag-void'}>{l(o.label, o.permission)}{o.open ? '' : w('closed')}</span>)}</p>;
}

function Answer({ effect }: { effect: Effect }) {
  const { l } = useText();
  const w = useWords(WORDS);
  const [word, setWord] = useState('');
  const wanted = word.trim().toLowerCase();
  const cells = effect.cells.map((cell) => ({ ...cell, types: cell.types.filter((x) => !wanted || l(x.label, x.type).toLowerCase().includes(wanted) || x.type.includes(wanted)) }));
  const something = effect.cells.some((c) => c.types.length + c.reports.length + c.services.length > 0);
  return (
    <>
      {effect.silent.length > 0 ? <p role="status" className="effect-silent">{w('silent', { cells: effect.silent.join(', ') })}</p> : null}
      {something ? <Input type="search" allowClear value={word} placeholder={w('find')} aria-label={w('find')} onChange={(e) => setWord(e.target.value)} /> : <p className="muted">{w('nothing')}</p>}
      {something && cells.every((c) => c.types.length === 0) ? <p className="muted">{w('none')}</p> : null}
      {cells.map((cell) => (cell.types.length === 0 && (wanted || cell.reports.length + cell.services.length === 0) ? null : (
        <section key={cell.cell}>
          <h3>{l(cell.label, cell.cell)}</h3>
          {cell.types.length > 0 ? <Types types={cell.types} role={effect.dataScope} /> : null}
          {wanted ? null : <><Openings title={w('reports')} list={cell.reports} /><Openings title={w('services')} list={cell.services} /></>}
        </section>
      )))}
    </>
  );
}

/** What the role in the form will do for whoever holds it. */
export function RoleEffect({ draft }: { draft: Draft }) {
  useDraft(draft, 'head');
  useDraft(draft, 'dirty');
  const { lang } = useText();
  const w = useWords(WORDS);
  const [open, setOpen] = useState(false);
  const body = trialOf(draft);
  const answer = useQuery({
    queryKey: ['effect', body, lang], enabled: open, staleTime: 10_000,
    queryFn: () => api<Effect>('/platform/roles/effect', { method: 'POST', body }),
  });
  return (
    <>
      <Button data-testid="effect" onClick={() => setOpen(true)}>{w('open')}</Button>
      <Drawer open={open} size={760} title={w('title')} onClose={() => setOpen(false)} destroyOnHidden>
        <p className="muted">{w('text')}</p>
        {answer.isPending ? <Skeleton rows={10} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : <Answer effect={answer.data} />}
      </Drawer>
    </>
  );
}
