// The page of the server under test with the toy company behind it: what is asked of `/api` is answered here, so that
// a story can have ten thousand rows, a slow network or a failing server without waiting for one.
import { toyServer } from '../mock/api.mjs';
import { open } from './browser.mjs';

/** A window on the toy company. `before(request)` may answer a call itself or be slow about it. */
export async function openToy(browser, { toy = toyServer(), before = () => null, ...look } = {}) {
  const page = await open(browser, look);
  let signed = '';
  await page.route('**/api/v1/**', async (route) => {
    const request = route.request();
    const call = { method: request.method(), url: request.url(), headers: { ...request.headers(), cookie: signed }, body: request.postDataJSON() };
    const answer = (await before(call)) ?? toy.handle(call);
    if (answer.cookie) signed = answer.cookie.split(';')[0];
    await route.fulfill({ status: answer.status, contentType: 'application/json', body: answer.body === null ? '' : JSON.stringify(answer.body) }).catch(() => undefined);
  });
  return { page, toy };
}
