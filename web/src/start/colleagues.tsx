import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import { api, ApiError } from '../api/client';
import type { CellMeta, JsonObject, Page } from '../api/types';
import { nameIn, useText, useWords } from '../i18n';
import { asString } from '../lib/values';
import { uuid } from '../lib/uuid';
import { firstPassword, presetsOf, type Colleague, type Preset } from './state';
import { WORDS } from './words';

const fresh = (): Colleague => ({ key: uuid(), username: '', name: '', password: firstPassword(), role: '' });
const fill = (text: string, cell: string) => text.replace('{cell}', cell);

/** An item of an answer on many. */
interface Item { status?: number; error?: { message?: string; details?: { message?: string }[] | null } | null; record?: JsonObject }

/** Several colleagues at once, each with a role; those that are refused stay with the reason. */
export function Colleagues({ metas }: { metas: CellMeta[] }) {
  const { lang } = useText();
  const w = useWords(WORDS);
  const client = useQueryClient();
  const [rows, setRows] = useState<Colleague[]>(() => [fresh(), fresh(), fresh()]);
  const [made, setMade] = useState<Colleague[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const roles = useQuery({ queryKey: ['list', 'platform', 'roles', 'start'], queryFn: () => api<Page>('/platform/roles', { query: { state: 'active', pageSize: '200' } }) });
  const known = roles.data?.data ?? [];
  const presets = presetsOf(metas, (of, key, cell) => fill(WORDS[of][key], cell)).filter((p) => !known.some((r) => r.code === p.code));
  const options = [...known.map((r) => ({ value: asString(r.code), label: `${asString(r.name)} (${asString(r.code)})` })), ...presets.map((p) => ({ value: p.code, label: nameIn(lang, p) }))];
  const set = (key: string, part: Partial<Colleague>) => setRows((old) => old.map((r) => (r.key === key ? { ...r, fault: undefined, ...part } : r)));
  const filled = rows.filter((r) => r.username.trim() !== '');
  const needed = (code: string): Preset | undefined => presets.find((p) => p.code === code);
  const create = async () => {
    setBusy(true);
    setProblem('');
    try {
      for (const preset of new Set(filled.flatMap((r) => needed(r.role) ?? []))) await api('/platform/roles', { method: 'POST', body: { ...preset } });
      const items = filled.map((r) => ({ id: r.key, username: r.username.trim(), name: r.name.trim() || r.username.trim(), password: r.password, mustChangePassword: true, roles: r.role ? [{ code: r.role }] : [] }));
      const answer = await api<{ data?: Item[]; results?: Item[] }>('/platform/users/batch', { method: 'POST', body: { mode: 'each', items } });
      const results = answer.data ?? answer.results ?? [];
      const faults = new Map(filled.map((row, i): [string, string | undefined] => {
        const item = results[i];
        const refused = item?.error && (item.status ?? 200) >= 400 ? item.error : null;
        return [row.key, refused ? ((refused.details?.flatMap((d) => d.message ?? []).join(' ') || refused.message) ?? String(item?.status)) : undefined];
      }));
      const done = filled.filter((r) => faults.get(r.key) === undefined);
      setMade((old) => [...old, ...done]);
      setRows((old) => { const rest = old.filter((r) => !done.includes(r)).map((r) => ({ ...r, fault: faults.get(r.key) })); return rest.length > 0 ? rest : [fresh()]; });
    } catch (error) {
      setProblem(error instanceof ApiError && error.fields.length > 0 ? error.fields.map((f) => f.message).join(' ') : error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ['list', 'platform'] });
    }
  };
  return (
    <>
      <p className="muted">{w('usersText')}</p>
      {made.length > 0 ? (
        <div className="start-made" role="status" data-testid="made"><b>{w('created', { n: made.length })}</b> <span className="muted">{w('pass')}</span>
          <table className="plain"><tbody>{made.map((r) => <tr key={r.key}><td>{r.username}</td><td>{r.name}</td><td className="mono">{r.password}</td></tr>)}</tbody></table></div>
      ) : null}
      <div className="start-rows">
        <div className="start-row start-head" aria-hidden="true"><span>{w('username')}</span><span>{w('fullName')}</span><span>{w('role')}</span><span>{w('password')}</span><span /></div>
        {rows.map((row, at) => (
          <fieldset key={row.key} className="start-row" aria-label={w('row', { n: at + 1 })}>
            <Input value={row.username} maxLength={60} autoComplete="off" placeholder={w('username')} aria-label={w('username')} status={row.fault ? 'error' : ''} onChange={(e) => set(row.key, { username: e.target.value })} />
            <Input value={row.name} maxLength={200} autoComplete="off" placeholder={w('fullName')} aria-label={w('fullName')} onChange={(e) => set(row.key, { name: e.target.value })} />
            <Select value={row.role || undefined} placeholder={w('role')} aria-label={w('role')} options={options} loading={roles.isPending} allowClear onChange={(role: string | undefined) => set(row.key, { role: role ?? '' })} popupMatchSelectWidth={false} />
            <Input value={row.password} className="mono" autoComplete="off" aria-label={w('password')} onChange={(e) => set(row.key, { password: e.target.value })} />
            <button type="button" className="icon-button" aria-label={w('remove', { n: at + 1 })} onClick={() => setRows((old) => (old.length > 1 ? old.filter((r) => r.key !== row.key) : [fresh()]))}>×</button>
            {row.fault ? <div className="start-fault" role="alert">{row.fault}</div> : null}
          </fieldset>
        ))}
      </div>
      {problem ? <p className="start-fault" role="alert">{problem}</p> : null}
      <div className="start-actions">
        <Button type="dashed" onClick={() => setRows((old) => [...old, fresh()])}>+ {w('add')}</Button>
        <Button type="primary" data-testid="create-users" loading={busy} disabled={filled.length === 0} onClick={() => void create()}>{w('create', { n: filled.length })}</Button>
      </div>
    </>
  );
}
