import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import { useMe } from '../api/meta';
import type { CellMeta, Me, Page } from '../api/types';
import { labelIn, type Lang } from '../i18n';
import { remember, remembered } from '../lib/preferences';

const keyOf = (me: Me) => `superpaas.start.${me.tenant.code}.${me.person.id}`;

/** Whether this person sets a company up: administers users and settings of a company with applications. */
export function setsUp(me: Me): boolean {
  const may = (code: string) => me.permissions.includes(code);
  return may('platform.settings.update') && may('platform.user.create') && me.cells.some((c) => c.code !== 'platform') && !me.tenant.sampleOf;
}

/** Notes that the first steps were shown, so that they do not come by themselves again. */
export function noteStart(me: Me): void {
  remember(keyOf(me), true);
}

/** Whether the first steps should come by themselves: an administrator, alone in the company, who has not seen them. */
export function useFirstRun(): { first: boolean; offered: boolean } {
  const me = useMe();
  const offered = setsUp(me);
  const users = useQuery({
    queryKey: ['list', 'platform', 'users', 'alone'], enabled: offered, staleTime: 60_000,
    queryFn: () => api<Page>('/platform/users', { query: { pageSize: '1' } }),
  });
  return { offered, first: offered && users.data?.total === 1 && !remembered<boolean>(keyOf(me), false) };
}

/** A colleague to be created. */
export interface Colleague { key: string; username: string; name: string; password: string; role: string; fault?: string | undefined }

/** A role that can be made on the spot: all of a cell, or reading only. */
export interface Preset { code: string; name: string; nameEn: string; permissions: string[] }

/** Reading whoever works with any cell needs: names of colleagues and departments. */
const COMMON = ['platform.user.read', 'platform.department.read'];

/** Two roles for each cell, by their codes. */
export function presetsOf(metas: CellMeta[], words: (lang: Lang, key: 'everything' | 'reading', cell: string) => string): Preset[] {
  return metas.filter((meta) => meta.cell !== 'platform').flatMap((meta) => {
    const named = (key: 'everything' | 'reading') => ({ name: words('zh', key, labelIn('zh', meta.label, meta.cell)), nameEn: words('en', key, labelIn('en', meta.label, meta.cell)) });
    const reads = meta.types.map((type) => `${meta.cell}.${type.name}.read`);
    return [
      { code: `${meta.cell}-all`, ...named('everything'), permissions: [`${meta.cell}.*`, ...COMMON] },
      { code: `${meta.cell}-read`, ...named('reading'), permissions: [...reads, ...meta.reports.map((r) => `${meta.cell}.report.${r.name}`), ...COMMON] },
    ];
  });
}

/** A password that can be read out: no letters that look alike. */
export function firstPassword(random: Uint8Array = crypto.getRandomValues(new Uint8Array(12))): string {
  const letters = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789';
  return Array.from(random, (byte) => letters[byte % letters.length] ?? 'x').join('');
}
