import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestName } from './nearest-name.ts';

const names = ['ssl-redirect', 'force-ssl-redirect', 'canary', 'proxy-body-size', 'hsts'];

it('finds the name that was meant', () => {
  assert.equal(nearestName('ssl-redirct', names), 'ssl-redirect');
  assert.equal(nearestName('proxy-boddy-sise', names), 'proxy-body-size');
  assert.equal(nearestName('htss', names), undefined);
  assert.equal(nearestName('hst', names), 'hsts');
  assert.equal(nearestName('something-else', names), undefined);
});
