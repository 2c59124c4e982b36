import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Modal } from 'antd';
import { useState, type KeyboardEvent } from 'react';
import { api } from '../api/client';
import { useMe, useMetas } from '../api/meta';
import type { CellMeta, Page, TypeMeta } from '../api/types';
import { refOf, useRested } from '../fields/refs';
import { useText } from '../i18n';
import { useCell } from '../lib/store';
import { refText } from '../lib/values';
import { COMMANDS, isOffered, offering, runCommand, type CommandName } from './commands';
import { useFavourites } from './favourites';
import { recent } from './recent';
import { menuOf } from './menu';

/** One line of the palette. */
export interface Hit { key: string; group: string; title: string; note?: string; run: () => void }

/** How many types are asked for records, and how many records of each are shown. */
const TYPES = 12;
const EACH = 4;

/** Types worth asking for what was typed: those with a search field that stand in a menu, documents first when it looks like a number. */
export function searchable(metas: CellMeta[], q: string): { cell: string; type: TypeMeta }[] {
  const all = metas.flatMap((meta) => {
    const listed = new Set(meta.menus.flatMap((m) => m.items.flatMap((i) => i.type ?? [])));
    return meta.types.filter((type) => type.permissions.read && listed.has(type.name) && (type.kind === 'document' || (type.kind === 'master' && type.fields.some((f) => f.search))))
      .map((type) => ({ cell: meta.cell, type }));
  });
  const first = /\d/.test(q) ? 'document' : 'master';
  return [...all.filter((x) => x.type.kind === first), ...all.filter((x) => x.type.kind !== first)].slice(0, TYPES);
}

/** Whether all words of the query occur, in any order. */
export function matches(q: string, ...texts: string[]): boolean {
  const hay = texts.join(' ').toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

function useRecords(q: string): { hits: { cell: string; type: TypeMeta; id: string; title: string }[]; busy: boolean } {
  const { metas } = useMetas();
  const { lang } = useText();
  const rested = useRested(q.trim(), 220);
  const enabled = rested.length >= 2;
  const answer = useQuery({
    queryKey: ['palette', rested, lang],
    enabled,
    queryFn: async ({ signal }) => {
      const asked = searchable(metas, rested).map(async ({ cell, type }) => {
        const fields = type.name === 'user' ? 'username,name' : type.kind === 'document' ? 'number' : 'code,name';
        const page = await api<Page>(`/${cell}/${type.resource}`, { query: { q: rested, pageSize: String(EACH), fields }, signal }).catch(() => null);
        return (page?.data ?? []).map((record) => ({ cell, type, id: record.id, title: refText(refOf(record)) }));
      });
      return (await Promise.all(asked)).flat();
    },
  });
  return { hits: enabled ? (answer.data ?? []) : [], busy: enabled && (answer.isFetching || rested !== q.trim()) };
}

function useHits(q: string, close: () => void): { hits: Hit[]; busy: boolean } {
  const { t, l } = useText();
  const me = useMe();
  const { metas } = useMetas();
  const { list } = useFavourites();
  const navigate = useNavigate();
  useCell(offering);
  const { hits: records, busy } = useRecords(q);
  const to = (path: string) => () => { close(); void navigate({ href: path }); };
  const entries = menuOf(metas, l).flatMap((g) => g.entries.map((e) => ({ ...e, head: g.label })));
  const commands = (Object.keys(COMMANDS) as CommandName[]).filter((name) => name !== 'palette' && isOffered(name) && q !== '')
    .map((name): Hit => ({ key: `cmd-${name}`, group: t('palette.commands'), title: t(COMMANDS[name].label), note: COMMANDS[name].keys, run: () => { close(); setTimeout(() => runCommand(name)); } }));
  const open = (cell: string, resource: string, id: string) => to(`/${cell}/${resource}/${id}`);
  const labelOf = (cell: string, resource: string) => l(metas.find((m) => m.cell === cell)?.types.find((x) => x.resource === resource)?.label);
  const all: Hit[] = [
    ...records.map((r) => ({ key: r.id, group: t('palette.records'), title: r.title, note: l(r.type.label, r.type.name), run: open(r.cell, r.type.resource, r.id) })),
    ...list.map((f) => ({ key: `fav-${f.path}`, group: t('favourites'), title: f.title, run: to(f.path) })),
    ...recent(me.tenant.code, me.person.id).slice(0, q === '' ? 6 : 12).map((r) => ({ key: `rec-${r.id}`, group: t('home.recent'), title: r.title, note: labelOf(r.cell, r.resource), run: open(r.cell, r.resource, r.id) })),
    ...entries.map((e) => ({ key: `go-${e.key}`, group: t('home.go'), title: e.label, note: e.head, run: to(`/${e.key}`) })),
    ...entries.filter((e) => e.creatable).map((e) => ({ key: `new-${e.key}`, group: t('home.create'), title: t('record.new', { type: e.label }), note: e.head, run: to(`/${e.key}/new`) })),
    ...commands,
  ];
  const seen = new Set<string>();
  const hits = all.filter((hit) => records.some((r) => r.id === hit.key) || matches(q, hit.title, hit.note ?? '', hit.key))
    .filter((hit) => { const id = hit.key.replace(/^(rec|fav)-/, ''); const fresh = !seen.has(id); seen.add(id); return fresh; });
  return { hits: hits.slice(0, 40), busy };
}

function Finder({ close }: { close: () => void }) {
  const { t } = useText();
  const [q, setQ] = useState('');
  const [at, setAt] = useState(0);
  const { hits, busy } = useHits(q, close);
  const chosen = Math.min(at, hits.length - 1);
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    const move = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (move !== 0) {
      e.preventDefault();
      const next = (chosen + move + hits.length) % Math.max(1, hits.length);
      setAt(next);
      document.getElementById(`hit-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (e.key === 'Enter') {
      e.preventDefault();
      hits[chosen]?.run();
    }
  };
  return (
    <div className="palette" onKeyDown={onKeyDown}>
      <input className="palette-input" type="text" value={q} placeholder={t('palette.hint')} aria-label={t('palette.hint')} role="combobox" aria-expanded aria-controls="hits" autoFocus
        aria-activedescendant={hits.length > 0 ? `hit-${chosen}` : undefined} onChange={(e) => { setQ(e.target.value); setAt(0); }} />
      <div className="palette-list" id="hits" role="listbox" aria-label={t('cmd.palette')} aria-busy={busy}>
        {hits.map((hit, i) => (
          <div key={hit.key} role="presentation">
            {hits[i - 1]?.group !== hit.group ? <div className="menu-head" role="presentation">{hit.group}</div> : null}
            <div id={`hit-${i}`} role="option" aria-selected={i === chosen} className="hit" onMouseMove={() => setAt(i)} onClick={() => hit.run()}>
              <span className="hit-title">{hit.title}</span><span className="muted small">{hit.note}</span>
            </div>
          </div>
        ))}
        {hits.length === 0 ? <div className="palette-none muted" role="status">{busy ? t('loading') : t('ref.none')}</div> : null}
      </div>
    </div>
  );
}

/** Find anything, run anything: records by number, code, name or initials; places; what the page in view offers. */
export function Palette({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal open={open} footer={null} closable={false} onCancel={close} width={620} destroyOnHidden className="palette-box" style={{ top: 72 }}>
      <Finder close={close} />
    </Modal>
  );
}
