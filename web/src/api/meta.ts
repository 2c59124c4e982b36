import { useQueries, useQuery } from '@tanstack/react-query';
import { api, session } from './client';
import { useCell } from '../lib/store';
import type { CellMeta, Me, ReportMeta, TypeMeta } from './types';

/** The signed-in person; only rendered inside a session. */
export function useMe(): Me {
  const state = useCell(session);
  if (state.phase !== 'in') throw new Error('used outside a session');
  return state.me;
}

/** The cells whose metadata this person can ask for: the enabled ones and the platform itself. */
export function cellsOf(me: Me): string[] {
  // The platform last: people come for their work, not for its administration.
  return [...me.cells.map((c) => c.code).filter((code) => code !== 'platform'), 'platform'];
}

function metaQuery(tenant: string, cell: string) {
  return { queryKey: ['meta', tenant, cell], queryFn: () => api<CellMeta>(`/${cell}/meta`), staleTime: 300_000, retry: 1 };
}

/** Metadata of every cell that answers; `pending` until all have answered or refused. */
export function useMetas(): { metas: CellMeta[]; pending: boolean } {
  const me = useMe();
  return useQueries({
    queries: cellsOf(me).map((cell) => metaQuery(me.tenant.code, cell)),
    combine: (results) => ({
      metas: results.flatMap((r) => (r.data ? [r.data] : [])),
      pending: results.some((r) => r.isPending),
    }),
  });
}

/** Metadata of one cell. */
export function useCellMeta(cell: string) {
  const me = useMe();
  return useQuery(metaQuery(me.tenant.code, cell));
}

/** A type by its resource name. */
export function typeOf(meta: CellMeta, resource: string): TypeMeta | undefined {
  return meta.types.find((type) => type.resource === resource);
}

/** A report by its name. */
export function reportOf(meta: CellMeta, name: string): ReportMeta | undefined {
  return meta.reports.find((report) => report.name === name);
}

/** The place of a record of type `cell.type` or, when the cell is known, `type`. */
export function placeOf(metas: CellMeta[], type: string, home?: string): { cell: string; resource: string; meta: TypeMeta } | null {
  const [head = '', tail] = type.split('.');
  const cell = tail === undefined ? home : head;
  const name = tail ?? head;
  for (const meta of metas) {
    if (cell !== undefined && meta.cell !== cell) continue;
    const found = meta.types.find((t) => t.name === name || t.resource === name);
    if (found) return { cell: meta.cell, resource: found.resource, meta: found };
  }
  return null;
}
