import { useCallback, useEffect, useRef, useState } from 'react';
import { forget, remember, remembered } from '../lib/preferences';
import type { Draft, Kept } from './draft';

/** How long input rests before it is kept, milliseconds. */
const KEEP_MS = 400;

/**
 * Keeps the unsaved input of a draft in this browser, and offers what an earlier visit left. The offer goes away with
 * the first new input; saving or leaving on purpose forgets it.
 */
export function useKept(draft: Draft, key: string, enabled: boolean) {
  const [offer, setOffer] = useState<Kept | null>(() => (enabled ? remembered<Kept | null>(key, null) : null));
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const calm = useCallback(() => {
    const waiting = timer.current !== null;
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    return waiting;
  }, []);
  useEffect(() => {
    if (!enabled) return undefined;
    const write = () => {
      calm();
      if (draft.dirty) remember(key, draft.keep());
    };
    const flush = () => { if (calm()) write(); };
    const stop = draft.subscribe('any', () => {
      calm();
      if (!draft.dirty) return;
      setOffer(null);
      timer.current = setTimeout(write, KEEP_MS);
    });
    window.addEventListener('pagehide', flush);
    return () => {
      stop();
      flush();
      window.removeEventListener('pagehide', flush);
    };
  }, [draft, key, enabled, calm]);
  const drop = useCallback(() => { calm(); setOffer(null); forget(key); }, [calm, key]);
  const restore = () => { if (offer) draft.restore(offer); setOffer(null); };
  return { offer, drop, restore };
}
