import { once } from 'node:events';
import { ScenarioError } from '../core/errors.ts';
import { isFolder } from '../core/files.ts';
import { serveFolder } from '../feed/http-server.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { wholeNumber } from './values.ts';

const command = (feed: Parent) =>
  feed
    .command('serve')
    .summary('serve a folder by HTTP on loopback until Ctrl-C')
    .description(
      'Serves the files below a folder to this host, and to guests on the user networking of QEMU, which find the ' +
        'host at 10.0.2.2; those of "brownout run" do so where their scenario has "network: open". Requests are told on ' +
        'standard error. Ctrl-C ends it with exit code 0.',
    )
    .argument('<folder>', 'folder to serve, such as one that "brownout feed index" has indexed')
    .option('--port <n>', 'port on 127.0.0.1 (default: any free one)', wholeNumber('--port', 1, 65_535))
    .addHelpText(
      'after',
      examples('brownout feed serve tmp/deploy/ipk', 'brownout feed serve --port 8000 my-debs'),
    );

type Options = OptionsOf<typeof command>;

/** `brownout feed serve` */
export const addFeedServe: AddCommand = (feed, surroundings, finish) => {
  command(feed).action(async (folder, options) => finish(await serve(folder, options, surroundings)));
};

async function serve(
  folder: string,
  { port }: Options,
  { streams, interruption: { signal } }: Surroundings,
): Promise<number> {
  if (!(await isFolder(folder)))
    throw new ScenarioError('feed-unreadable', `${folder}: there is no such folder`, {
      hint: "name the folder that holds the packages, such as a Yocto build's tmp/deploy/ipk",
    });
  const tell = (message: string) => streams.stderr.write(`${message}\n`);
  await using server = await serveFolder({
    root: folder,
    onNotice: tell,
    onFault: tell,
    ...(port === undefined ? {} : { port }),
  });
  const { stdout } = streams;
  stdout.write(
    `serving ${folder}\n  host   ${server.hostUrl('/')}\n  guest  ${server.guestUrl('/')}\nCtrl-C ends it\n`,
  );
  if (!signal.aborted) await once(signal, 'abort');
  return exitCodes.passed;
}
