import { useSyncExternalStore } from 'react';

/** A value that components can watch. */
export interface Cell<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (wake: () => void) => () => void;
}

/** A new watchable value. */
export function cell<T>(initial: T): Cell<T> {
  let value = initial;
  const wakes = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      wakes.forEach((wake) => wake());
    },
    subscribe: (wake) => {
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
  };
}

/** The current value of a cell; the component renders again when it changes. */
export function useCell<T>(source: Cell<T>): T {
  return useSyncExternalStore(source.subscribe, source.get);
}
