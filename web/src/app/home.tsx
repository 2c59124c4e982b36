import { useQueries } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import { Suspense } from 'react';
import { api } from '../api/client';
import { useMe, useMetas } from '../api/meta';
import type { CellMeta, Page, StateMeta, TypeMeta } from '../api/types';
import { StateTag } from '../fields/value';
import { nameIn, useText } from '../i18n';
import { showInstant } from '../lib/dates';
import { keptPlaces } from '../record/kept-store';
import { useFirstRun } from '../start/state';
import { Skeleton } from './notice';
import { recent } from './recent';
import { menuOf } from './menu';
import { part } from './part';
import { EntryLink } from './shell';

const HomeBoards = part(() => import('../dash/home-boards').then((m) => m.default));

/** Work that waits: records of a type in a state from which this person can lead them on. */
export interface Waiting { cell: string; type: TypeMeta; state: StateMeta }

/** Kinds of work that may wait for a person: states of documents with a permitted step towards another state. */
export function waitingKinds(metas: CellMeta[]): Waiting[] {
  return metas.flatMap((meta) => {
    const listed = new Set(meta.menus.flatMap((m) => m.items.flatMap((i) => i.type ?? [])));
    return meta.types.filter((type) => type.kind === 'document' && type.permissions.read && listed.has(type.name)).flatMap((type) =>
      type.states.filter((state, at) => state.tone !== 'done' && state.tone !== 'void' && type.actions.some((a) => {
        const to = type.states.findIndex((s) => s.value === a.to);
        return a.allowed && a.from.includes(state.value) && to >= at && type.states[to]?.tone !== 'void' && (to > at || a.from.length === 1);
      })).map((state) => ({ cell: meta.cell, type, state })));
  });
}

function useWaiting(metas: CellMeta[]): (Waiting & { count: string })[] {
  const kinds = waitingKinds(metas);
  return useQueries({
    queries: kinds.map(({ cell, type, state }) => ({
      queryKey: ['list', cell, type.resource, 'waiting', state.value],
      queryFn: () => api<Page>(`/${cell}/${type.resource}`, { query: { state: state.value, pageSize: '1' } }),
      staleTime: 30_000,
    })),
    combine: (answers) => kinds.flatMap((kind, i) => {
      const page = answers[i]?.data;
      return page && page.total > 0 ? [{ ...kind, count: page.totalExact ? String(page.total) : `${page.total}+` }] : [];
    }),
  });
}

function Work({ metas }: { metas: CellMeta[] }) {
  const { t, l } = useText();
  const waiting = useWaiting(metas);
  if (waiting.length === 0) return null;
  return (
    <section>
      <h2>{t('home.work')}</h2>
      <div className="tiles">
        {waiting.map(({ cell, type, state, count }) => (
          <Link key={`${cell}/${type.name}/${state.value}`} className="tile work" to="/$cell/$resource" params={{ cell, resource: type.resource }} search={{ state: state.value }}>
            <b className="num">{count}</b><span>{l(type.label, type.name)}</span><StateTag states={type.states} value={state.value} />
          </Link>
        ))}
      </div>
    </section>
  );
}

/** Input that was not saved, on this computer. */
function Unsaved({ metas }: { metas: CellMeta[] }) {
  const me = useMe();
  const { t, l } = useText();
  const places = keptPlaces(me.tenant.code, me.person.id);
  if (places.length === 0) return null;
  return (
    <section>
      <h2>{t('kept.title')}</h2>
      <ul className="recent">
        {places.map((p) => {
          const label = l(metas.find((m) => m.cell === p.cell)?.types.find((x) => x.resource === p.resource)?.label, p.resource);
          return <li key={`${p.resource}/${p.id}`}><Link to="/$cell/$resource/$id" params={{ cell: p.cell, resource: p.resource, id: p.id }}>{p.id === 'new' ? t('record.new', { type: label }) : label}</Link> <span className="muted">{showInstant(p.at)}</span></li>;
        })}
      </ul>
    </section>
  );
}

/** Where a person starts: create, go on with what waits and what was open, go anywhere. */
export function HomePage() {
  const me = useMe();
  const { t, l, lang } = useText();
  const { metas, pending } = useMetas();
  const groups = menuOf(metas, l);
  const creatable = groups.flatMap((g) => g.entries).filter((e) => e.creatable).slice(0, 8);
  const opened = recent(me.tenant.code, me.person.id);
  const { first, offered } = useFirstRun();
  if (first) return <Navigate to="/start" />;
  if (pending && metas.length === 0) return <Skeleton rows={10} />;
  return (
    <div className="home">
      <h1>{t('home.hello', { name: me.person.name || me.person.username })}</h1>
      <div className="muted">{[me.tenant, ...(me.department ? [me.department] : []), ...me.roles].map((n) => nameIn(lang, n)).join(' · ')}{offered ? <> · <Link to="/start">{t('home.start')}</Link></> : null}</div>
      {creatable.length > 0 ? (
        <section>
          <h2>{t('home.create')}</h2>
          <div className="tiles">
            {creatable.map((e) => (
              <Link key={e.key} className="tile" to="/$cell/$resource/$id" params={{ cell: e.cell, resource: e.resource ?? '', id: 'new' }}>
                <span className="plus">+</span>{e.label}
              </Link>
            ))}
          </div>
        </section>
      ) : null}
      <Work metas={metas} />
      {metas.some((m) => (m.dashboards ?? []).length > 0) ? <Suspense fallback={null}><HomeBoards metas={metas} /></Suspense> : null}
      <Unsaved metas={metas} />
      <section>
        <h2>{t('home.recent')}</h2>
        {opened.length === 0 ? <div className="muted">{t('home.norecent')}</div> : (
          <ul className="recent">
            {opened.map((r) => (
              <li key={r.id}><Link to="/$cell/$resource/$id" params={{ cell: r.cell, resource: r.resource, id: r.id }}>{r.title}</Link>
                <span className="muted"> {l(metas.find((m) => m.cell === r.cell)?.types.find((x) => x.resource === r.resource)?.label)}</span></li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <h2>{t('home.go')}</h2>
        <div className="home-groups">
          {groups.map((g) => (
            <div key={g.key}><div className="menu-head">{g.label}</div>{g.entries.map((e) => <EntryLink key={e.key} entry={e} />)}</div>
          ))}
        </div>
      </section>
    </div>
  );
}
