// Loaded into Portico by tests (`node --import`): at SIGUSR2, one of the threads that carry traffic dies of a fault.
import { isMainThread, workerData } from 'node:worker_threads';

const channel = () => new BroadcastChannel('worker-fault');

if (isMainThread) {
  process.on('SIGUSR2', () => {
    const sender = channel();
    sender.postMessage('die');
    sender.close();
  });
} else if (typeof workerData === 'object' && workerData !== null && 'place' in workerData && workerData.place === 0) {
  channel().addEventListener('message', () => {
    throw new Error('a fault on purpose');
  });
}
