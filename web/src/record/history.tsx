import { useQuery } from '@tanstack/react-query';
import { Segmented } from 'antd';
import { useState } from 'react';
import { api } from '../api/client';
import type { Field, HistoryEntry, Json, TypeMeta } from '../api/types';
import { Failure, Skeleton } from '../app/notice';
import { useText, type TextKey } from '../i18n';
import { showInstant } from '../lib/dates';
import { asObject, isBlank, showValue } from '../lib/values';
import { fieldOf } from '../list/list-state';

const SILENT = new Set(['id', 'version', 'updatedAt', 'updatedBy', 'createdAt', 'createdBy', 'allowedActions', 'owner', 'department']);

function Change({ name, field, before, after }: { name: string; field: Field | undefined; before: Json | undefined; after: Json | undefined }) {
  const { t, l, lang } = useText();
  const show = (value: Json | undefined) => {
    if (isBlank(value)) return <span className="muted">{t('empty')}</span>;
    if (Array.isArray(value) && !field) return t('history.rows', { n: value.length });
    return field ? showValue(field, value, lang) : typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  return (
    <div className="change"><span className="muted">{l(field?.label, name)}</span>
      <span>{before === undefined ? null : <><del>{show(before)}</del> → </>}<ins>{show(after)}</ins></span></div>
  );
}

/** Who did what and when, with the values before and after; where values are sensitive, also who saw them in clear. */
export function History({ cell, type, id }: { cell: string; type: TypeMeta; id: string }) {
  const { t } = useText();
  const [sights, setSights] = useState(false);
  const sensitive = type.fields.some((f) => f.sensitive);
  return (
    <>
      {sensitive && <Segmented size="small" value={sights} onChange={setSights} aria-label={t('history.which')}
        options={[{ value: false, label: t('history.changes') }, { value: true, label: t('history.sights') }]} />}
      <Entries cell={cell} type={type} id={id} sights={sights} />
    </>
  );
}

/** The values of a side of an entry by the names of their fields: those of custom fields each by itself. */
function sideOf(side: Record<string, Json> | null | undefined): Record<string, Json> {
  const { custom, ...rest } = side ?? {};
  return { ...rest, ...Object.fromEntries(Object.entries(asObject(custom) ?? {}).map(([key, value]) => [`custom.${key}`, value])) };
}

function Entries({ cell, type, id, sights }: { cell: string; type: TypeMeta; id: string; sights: boolean }) {
  const { t, l } = useText();
  const answer = useQuery({
    queryKey: ['history', cell, type.resource, id, sights],
    queryFn: () => api<{ data: HistoryEntry[] }>(`/${cell}/${type.resource}/${id}/history${sights ? '?sights=true' : ''}`),
    staleTime: 0,
  });
  if (answer.isPending) return <Skeleton rows={5} />;
  if (answer.isError) return <Failure error={answer.error} />;
  if (answer.data.data.length === 0) return <div className="muted">{t(sights ? 'history.unseen' : 'history.none')}</div>;
  const label = (name: string) => l(fieldOf(type, name)?.label ?? type.tables.find((x) => x.name === name)?.label, name);
  const title = (action: string) => {
    const known = type.actions.find((a) => a.name === action);
    if (known) return l(known.label, action);
    return ['create', 'update', 'delete'].includes(action) ? t(`history.${action}` as TextKey) : action;
  };
  return (
    <ol className="history">
      {answer.data.data.map((entry, i) => {
        const [before, after] = [entry.before ? sideOf(entry.before) : null, sideOf(entry.after)];
        const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].filter((n) => !SILENT.has(n));
        return (
          <li key={`${entry.requestId}-${i}`}>
            <div><b>{entry.label || title(entry.action)}</b> <span>{entry.actor?.name}</span> <time className="muted">{showInstant(entry.at)}</time></div>
            {sights && Array.isArray(entry.after?.unmasked)
              ? <div className="muted">{entry.after.unmasked.filter((path) => typeof path === 'string').map((path) => label(path)).join(', ')}</div>
              : names.map((name) => (
              <Change key={name} name={l(type.tables.find((x) => x.name === name)?.label, name)} field={fieldOf({ ...type, fields: type.fields.map((f) => f.type === 'state' ? { ...f, choices: type.states } : f) }, name)}
                before={before === null ? undefined : (before[name] ?? null)} after={after[name]} />
            ))}
          </li>
        );
      })}
    </ol>
  );
}
