import { liveIn } from '../lib/dates';
import { text } from '../i18n';
import { prefer, preferences } from '../lib/preferences';
import { cell } from '../lib/store';
import { uuid } from '../lib/uuid';
import type { Json, JsonObject, Me, MeAnswer } from './types';

/** A field that the server refused. */
export interface FieldError { field: string; code: string; message: string }

/** Every refusal, whether from the server or from the network (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Json = null,
    readonly requestId: string = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The refused fields, when the refusal names some. */
  get fields(): FieldError[] {
    if (!Array.isArray(this.details)) return [];
    return this.details.flatMap((item) =>
      item !== null && typeof item === 'object' && !Array.isArray(item) && typeof item.field === 'string'
        ? [{ field: item.field, code: asText(item.code), message: asText(item.message) }]
        : [],
    );
  }
}

function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Where the session stands: not known yet, signed out, or signed in. The token never leaves memory. */
export type Session =
  | { phase: 'starting' }
  | { phase: 'out' }
  | { phase: 'password'; username: string; tenant: string }
  | { phase: 'in'; me: Me };

/** The watchable session. */
export const session = cell<Session>({ phase: 'starting' });

/** Whether the session of the person on the page is over: the page keeps its place and asks for the password. */
export const lapsed = cell<boolean>(false);

let token: string | null = null;
let tenantCode = '';
let refreshing: Promise<boolean> | null = null;
let returning: { again: Promise<boolean>; settle: (ok: boolean) => void } | null = null;

/** Options of a call. */
export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: Json;
  query?: Record<string, string | undefined>;
  /** Idempotency key of a write: the same on a retry of the same save. */
  requestId?: string;
  version?: number;
  signal?: AbortSignal;
}

function address(path: string, query: Call['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.append(name, value);
  const tail = search.toString();
  return `/api/v1${path}${tail ? `?${tail}` : ''}`;
}

async function send(path: string, call: Call): Promise<Response> {
  const lang = preferences.get().lang;
  const headers: Record<string, string> = { 'Accept-Language': lang === 'zh' ? 'zh-CN' : 'en-US' };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (tenantCode !== '') headers['X-Tenant-Id'] = tenantCode;
  const method = call.method ?? 'GET';
  if (method !== 'GET') headers['X-Request-ID'] = call.requestId ?? uuid();
  if (call.version !== undefined) headers['If-Match'] = `"${call.version}"`;
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(address(path, call.query), {
      method,
      headers,
      credentials: 'same-origin',
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: call.signal ?? null,
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'NETWORK', text(lang, 'error.network'));
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const envelope = (await response.json().catch(() => ({}))) as Partial<{
    code: string; message: string; details: Json; requestId: string;
  }>;
  const fallback = text(preferences.get().lang, 'error.title');
  return new ApiError(
    response.status,
    envelope.code ?? 'UNKNOWN',
    envelope.message ?? `${fallback} (${response.status})`,
    envelope.details ?? null,
    envelope.requestId ?? response.headers.get('X-Request-ID') ?? '',
  );
}

/** Whether the session itself is over; a wrong password or a missing second step is not that. */
function sessionIsOver(error: ApiError): boolean {
  return error.code === 'UNAUTHENTICATED' || error.code === 'TOKEN_EXPIRED';
}

/** Whether the same person has signed in again; until then the page stays as it is, with the question over it. */
function signedInAgain(): Promise<boolean> {
  if (session.get().phase !== 'in') return Promise.resolve(false);
  if (returning === null) {
    let settle: (ok: boolean) => void = () => undefined;
    const again = new Promise<boolean>((resolve) => { settle = resolve; });
    returning = { again, settle };
    lapsed.set(true);
  }
  return returning.again;
}

function settleReturn(ok: boolean): void {
  const waiting = returning;
  returning = null;
  lapsed.set(false);
  waiting?.settle(ok);
}

/**
 * Sends a call with the session. An expired token is refreshed behind the caller's back; when the session itself is
 * over, the call waits until the person has signed in again and is then sent once more under the same request id.
 */
async function exchange(path: string, call: Call): Promise<Response> {
  let response = await send(path, call);
  if (response.ok) return response;
  let error = await refusal(response);
  for (const renewed of [refresh, signedInAgain]) {
    if (!sessionIsOver(error) || !(await renewed())) continue;
    response = await send(path, call);
    if (response.ok) return response;
    error = await refusal(response);
  }
  if (sessionIsOver(error)) end();
  throw error;
}

/** A call that answers JSON. */
export async function api<T>(path: string, call: Call = {}): Promise<T> {
  const withId = call.method && call.method !== 'GET' ? { ...call, requestId: call.requestId ?? uuid() } : call;
  const response = await exchange(path, withId);
  const body = await response.text();
  return (body === '' ? null : JSON.parse(body)) as T;
}

/** Hands a file to the browser to keep. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Downloads a file of the server under the name it gives, or under `fallbackName`. */
export async function download(path: string, query: Call['query'], fallbackName: string): Promise<void> {
  const response = await exchange(path, { query });
  const named = /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  saveFile(await response.blob(), named === undefined ? fallbackName : decodeURIComponent(named));
}

function end(): void {
  token = null;
  tenantCode = '';
  session.set({ phase: 'out' });
  settleReturn(false);
}

async function grant(body: JsonObject): Promise<void> {
  const response = await send('/auth/token', { method: 'POST', body: { ...body, cookie: true } });
  if (!response.ok) throw await refusal(response);
  token = ((await response.json()) as { access_token: string }).access_token;
}

/** One refresh at a time; false when there is no session to refresh. A server that cannot be reached ends no session. */
function refresh(): Promise<boolean> {
  refreshing ??= grant({ grant_type: 'refresh_token' })
    .then(() => true, (error: unknown) => {
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) throw error;
      return false;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

/** The answer of `/auth/me` in the shape the page uses. */
export function meOf(answer: MeAnswer): Me {
  return {
    ...answer,
    person: { ...answer.person, username: answer.person.username ?? answer.membership.username ?? '' },
    cells: answer.cells.map((cell) => (typeof cell === 'string' ? { code: cell, name: cell } : cell)),
    memberships: answer.memberships ?? [{ tenant: answer.tenant.code, name: answer.tenant.name }],
  };
}

async function enter(fallback: { tenant: string; username: string }): Promise<void> {
  tenantCode = fallback.tenant;
  try {
    const me = meOf(await api<MeAnswer>('/auth/me'));
    tenantCode = me.tenant.code;
    liveIn(me.tenant.zone);
    session.set({ phase: 'in', me });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'PASSWORD_CHANGE_REQUIRED') throw error;
    session.set({ phase: 'password', ...fallback });
  }
}

/** Takes up the session that the cookie still holds, if any. */
export async function resume(): Promise<void> {
  try {
    if (!(await refresh())) return end();
    const { tenant, username } = preferences.get();
    await enter({ tenant, username });
  } catch {
    end();
  }
}

/** Signs in; throws the refusal. */
export async function signIn(tenant: string, username: string, password: string): Promise<void> {
  token = null;
  tenantCode = '';
  await grant({ grant_type: 'password', tenant, username, password });
  await enter({ tenant, username });
}

/** The person of the lapsed session signs in again; the calls that waited go on. Throws the refusal. */
export async function signInAgain(password: string): Promise<void> {
  const state = session.get();
  if (state.phase !== 'in') return;
  const who = { tenant: state.me.tenant.code, username: state.me.person.username };
  await grant({ grant_type: 'password', ...who, password });
  await enter(who);
  settleReturn(true);
}

/** Changes to another membership of the same person. */
export async function switchTenant(tenant: string): Promise<void> {
  await grant({ grant_type: 'switch_tenant', tenant });
  prefer({ tenant });
  await enter({ tenant, username: preferences.get().username });
}

/** Changes the password and, after a forced change, signs in with the new one. */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  const before = session.get();
  await api('/auth/password', { method: 'POST', body: { currentPassword, newPassword } });
  const who = before.phase === 'in' ? { tenant: before.me.tenant.code, username: before.me.person.username }
    : before.phase === 'password' ? before : null;
  if (who !== null) await signIn(who.tenant, who.username, newPassword);
}

/** Ends the session here and at the server. */
export async function signOut(): Promise<void> {
  await send('/auth/revoke', { method: 'POST', body: { cookie: true } }).catch(() => undefined);
  end();
}
