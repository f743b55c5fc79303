import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { dossierPage } from '../../../src/admission/dossier-page.ts';
import type { ConformanceRecord } from '../../../src/model/conformance.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { conformancePage } from '../../../src/report/page/conformance-page.ts';
import { type PageParts, readPageParts } from '../../../src/report/page/page-parts.ts';
import { runPage } from '../../../src/report/page/run-page.ts';
import { runsPage } from '../../../src/report/page/runs-page.ts';
import { storeStates } from '../../../src/report/stored-states.ts';
import { chromiumPath, launchChromium } from '../../support/chromium.ts';
import { admission } from '../../unit/admission/admissions.ts';
import { crash, cut, motleyFiles, record, step } from '../../unit/report/records.ts';
import { states } from '../../unit/report/states.ts';

const hostile =
  '</script><script>document.title="hostile"</script>\u202e<img src=x onerror=document.title="hostile">';

/** A run with a finding, files, boots and consoles, whose texts are hostile. */
function failed(): RunRecord {
  const token = 'ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.7.none';
  const bad = cut('p1.7.none', {
    verdict: 'failed',
    outcome: `release-mixed ${hostile}`,
    stage: 'whole',
    decides: 1,
    token,
  });
  return record({
    verdict: 'failed',
    scenario: `RAUC ${hostile}`,
    paths: [
      {
        releases: ['1.0', '1.1'],
        steps: [step('boot 1.0', { console: 'console/p1.1.log' }), step('1.0->1.1 install')],
        configuration: [motleyFiles()],
      },
    ],
    crash: {
      ...crash([cut('p1.2', { stage: 'whole', decides: 30 }), bad, cut('p1.4'), cut('p1.5')]),
      stages: [
        { name: 'whole', states: 35, decided: 31, skipped: 3, boots: 2, claim: 'sampled', ended: 'budget' },
      ],
      groups: [
        {
          stage: 'whole',
          upgrade: '1.0->1.1',
          during: 'install',
          kind: 'torn',
          states: 32,
          skipped: 3,
          undecided: 1,
          by: [{ cut: 'p1.2', states: 28 }],
        },
      ],
    },
    findings: [
      {
        check: 'release',
        message: `slot B is mixed ${hostile}`,
        cut: 'p1.7.none',
        token,
        during: 'install 1.0->1.1',
        states: 1,
        reason: 'write 2 of install persisted, write 1 did not',
        minimal: ['write 1 of install (data: /etc/app.conf)'],
        files: ['data: /etc/app.conf'],
        file: 'finding-1.brownout',
      },
    ],
  });
}

/** What axe finds wrong. */
async function violations(page: Page): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + ' ' + n.failureSummary.slice(0, 200)).join(' | ')))`,
  );
}

/** A suite with a case of each verdict. */
function suite(): ConformanceRecord {
  const verdicts = [
    'passed',
    'failed',
    'unknown',
    'error',
    'not-applicable',
    'ability-missing',
    'proves-nothing',
  ] as const;
  return {
    ...{
      format: 1,
      id: 'x',
      scenario: 'RAUC',
      scenarioFile: 'a.yaml',
      machine: 'qemuarm64',
      image: 'rauc-ab',
      imageKey: 'k',
    },
    ...{
      agent: 'rauc',
      abilities: ['slots'],
      releases: { old: '1.0' },
      verdict: 'failed',
      started: '',
      seconds: 100,
    },
    cases: verdicts.map((verdict, i) => ({
      ...{
        id: `I${i}`,
        group: 'install',
        title: 'a release',
        verdict,
        seconds: 3,
        notes: ['a note'],
        reason: 'because',
      },
      steps: [step('boots', { console: 'console/a.log' })],
    })),
  };
}

describe('the page of a run in Chromium', () => {
  beforeEach(({ skip }) => {
    if (chromiumPath === undefined) skip('this host lacks chromium (Debian: apt-get install chromium)');
  });
  let browser: Browser | undefined;
  let folder = '';
  beforeAll(async () => {
    if (chromiumPath === undefined) return;
    const built = spawnSync(process.execPath, ['.config/build-page.mjs'], { encoding: 'utf8' });
    expect(built).toMatchObject({ status: 0, stderr: '' });
    folder = await mkdtemp(join(tmpdir(), 'brownout-browser-'));
    const consoles = new Map([
      ['console/p1.1.log', `U-Boot\n${hostile}\nKernel panic - not syncing: no init\nend`],
      ['console/cut-p1.7.none.1.log', 'power is on\n[FAILED] Failed to start thing.service\nlogin:'],
    ]);
    const page = runPage(
      { record: failed(), states: storeStates(states()), consoles },
      await readPageParts(),
    );
    await writeFile(join(folder, 'index.html'), page);
    browser = await launchChromium(chromiumPath);
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  async function open({
    width = 1280,
    scheme = 'light',
    file = 'index.html',
  }: {
    width?: number;
    scheme?: 'light' | 'dark';
    file?: string;
  } = {}): Promise<{ page: Page; complaints: string[]; requests: string[] }> {
    if (browser === undefined) throw new Error('there is no browser');
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(join(folder, file)).href);
    if (file === 'index.html')
      await page.locator('[data-map="trace"] option').first().waitFor({ state: 'attached' });
    return { page, complaints, requests };
  }

  it('says nothing on the console, loads nothing, and shows hostile text as text', async () => {
    const { page, complaints, requests } = await open();
    expect(complaints).toEqual([]);
    expect(requests.filter((address) => !address.startsWith('data:'))).toHaveLength(1);
    expect(await page.title()).toMatch(/^failed: RAUC <\/script>/);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('.card h3').textContent()).toContain('\\u{202e}<img');
  });

  it.each([
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
    [2560, 'light'],
  ] as const)(
    '%i px wide, %s: axe finds nothing, nothing is wider than the page, no text is below 12 px',
    async (width, scheme) => {
      const { page } = await open({ width, scheme });
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      const wide = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(wide).toBe(0);
      const small = await page.evaluate(
        `[...document.body.querySelectorAll('*')].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') && e.tagName !== 'SCRIPT' && parseFloat(getComputedStyle(e).fontSize) < 12).map((e) => e.outerHTML.slice(0, 80))`,
      );
      expect(small).toEqual([]);
      expect(await violations(page)).toEqual([]);
    },
  );

  it.each([
    [
      'several runs',
      (parts: PageParts) =>
        runsPage(
          'id',
          [
            { record: failed(), folder: 'a' },
            { record: record(), folder: 'b' },
          ],
          parts,
        ),
    ],
    [
      'a conformance suite',
      (parts: PageParts) => conformancePage('id', [{ record: suite(), folder: '' }], parts),
    ],
    ['an admission', (parts: PageParts) => dossierPage(admission(), parts)],
  ])('the page of %s: axe finds nothing, wide or narrow, light or dark', async (name, make) => {
    const file = `${name}.html`;
    await writeFile(join(folder, file), make(await readPageParts()));
    for (const [width, scheme] of [
      [360, 'light'],
      [1280, 'dark'],
    ] as const) {
      const { page, complaints } = await open({ width, scheme, file });
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      expect(
        await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
      ).toBe(0);
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }
  });

  it('goes through the map by keyboard: writes, findings, zoom', async () => {
    const { page } = await open();
    const detail = page.locator('[data-map="detail"]');
    await page.locator('[data-map="canvas"]').focus();
    await page.keyboard.press('Home');
    expect(await detail.textContent()).toContain('Write 1 of 2');
    await page.keyboard.press('ArrowRight');
    expect(await detail.textContent()).toContain('Write 2 of 2');
    expect(await detail.textContent()).toContain('boot: /uboot.env (bytes 0-2047)');
    expect(await detail.textContent()).toContain('release-mixed');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('n');
    expect(await detail.textContent()).toContain('Write 2 of 2');
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await page.locator('.as-table summary').click();
    await page.locator('[data-map="table"] tbody tr').nth(1).waitFor();
  });

  it('leads from a finding to its place in the map, and draws it in colours that differ', async () => {
    const { page } = await open();
    await page.locator('[data-show-cut]').click();
    expect(await page.locator('[data-map="detail"]').textContent()).toContain('Write 2 of 2');
    await page.waitForTimeout(100);
    const colours = await page.evaluate<string[]>(
      `(() => { const c = document.querySelector('canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const s = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) s.add((d[i] >> 4) + ',' + (d[i + 1] >> 4) + ',' + (d[i + 2] >> 4)); return [...s]; })()`,
    );
    // Those of the old release, of a failure and of nobody.
    expect(colours).toEqual(expect.arrayContaining(['4,7,11', '13,4,1', '14,14,12']));
  });

  it('copies the replay command, opens a console with its marks, and filters boots', async () => {
    const { page } = await open();
    await page.getByText('Copy replay command').click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('brownout replay finding-1.brownout');
    await page.locator('.step [data-open-console]').first().click();
    const dialog = page.locator('dialog');
    await dialog.waitFor();
    expect(await dialog.locator('.remarkable').allTextContents()).toEqual([
      'Kernel panic - not syncing: no init',
    ]);
    expect(await dialog.locator('pre').textContent()).toContain('</script><script>');
    await page.keyboard.press('Escape');
    await page.locator('#boots details summary').click();
    await page.locator('#boots input').fill('release-mixed');
    expect(await page.locator('#boots tbody tr:visible').count()).toBe(1);
  });
});
