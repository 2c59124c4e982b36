import { cell } from './store';

/** What this browser remembers of its person. Never a secret. */
export interface Preferences {
  lang: 'zh' | 'en';
  theme: 'light' | 'dark' | 'system';
  density: 'compact' | 'normal';
  tenant: string;
  username: string;
}

const KEY = 'superpaas.preferences';
const DEFAULTS: Preferences = { lang: 'zh', theme: 'system', density: 'normal', tenant: '', username: '' };

/** A value kept in this browser's storage, or the default when there is none or it cannot be read. */
export function remembered<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** Keeps a value in this browser's storage; a full or forbidden storage is no error. */
export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A private window may forbid storage: the preference then lasts as long as the page.
  }
}

/** Forgets a value of this browser's storage. */
export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // What could not be kept need not be forgotten.
  }
}

/** The keys that start with `prefix` in this browser's storage. */
export function rememberedKeys(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/** The watchable preferences. */
export const preferences = cell<Preferences>({ ...DEFAULTS, ...remembered<Partial<Preferences>>(KEY, {}) });

/** Changes some preferences and keeps them. */
export function prefer(change: Partial<Preferences>): void {
  preferences.set({ ...preferences.get(), ...change });
  remember(KEY, preferences.get());
}
