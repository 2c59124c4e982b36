import { useSyncExternalStore } from 'react';
import { useMe } from '../api/meta';
import { useText } from '../i18n';
import { remember, remembered } from '../lib/preferences';
import { cell } from '../lib/store';
import { useCommand } from './commands';

/** A place somebody wants at hand: a list with its filters, a record, a report. */
export interface Favourite { path: string; title: string }

const changed = cell(0);
const keyOf = (tenant: string, person: string) => `superpaas.favourites.${tenant}.${person}`;

/** The favourites of the person on the page, in the order they were chosen. */
export function useFavourites(): { list: Favourite[]; toggle: (favourite: Favourite) => void } {
  const me = useMe();
  useSyncExternalStore(changed.subscribe, changed.get);
  const key = keyOf(me.tenant.code, me.person.id);
  const list = remembered<Favourite[]>(key, []);
  return {
    list,
    toggle: (favourite) => {
      const others = list.filter((f) => f.path !== favourite.path);
      remember(key, others.length < list.length ? others : [...list, favourite]);
      changed.set(changed.get() + 1);
    },
  };
}

/** The star that keeps a place at hand, or lets it go. */
export function Star({ path, title }: Favourite) {
  const { t } = useText();
  const { list, toggle } = useFavourites();
  const kept = list.some((f) => f.path === path);
  const act = () => toggle({ path, title });
  useCommand('favourite', act);
  const label = t(kept ? 'favourite.remove' : 'favourite.add');
  return (
    <button type="button" className="icon-button star-button" aria-pressed={kept} aria-label={label} title={`${label}  Alt-B`} onClick={act}>
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        <path d="M8 1.8l1.9 4 4.3.5-3.2 3 .9 4.3L8 11.4l-3.9 2.2.9-4.3-3.2-3 4.3-.5z" fill={kept ? 'currentColor' : 'none'} stroke="currentColor" strokeWidth="1.2" strokeLinejoin="round" />
      </svg>
    </button>
  );
}
