/** Requests to freno (Go, 2024) and its responses, in the order of the recording. */

export interface RecordedStep {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export const RECORDED: readonly RecordedStep[] = [
  {
    method: 'GET',
    path: '/check/app1/mysql/ok',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Value":0.43,"Threshold":1,"Message":""}\n',
  },
  {
    method: 'GET',
    path: '/check/app1/mysql/busy',
    status: 429,
    type: 'application/json',
    body: '{"StatusCode":429,"Value":9.25,"Threshold":1,"Message":"Threshold exceeded"}\n',
  },
  {
    method: 'GET',
    path: '/check/app1/mysql/down',
    status: 500,
    type: 'application/json',
    body:
      '{"StatusCode":500,"Value":0,"Threshold":1,"Message":"dial tcp 127.0.0.1:1: connect: ' +
      'connection refused"}\n',
  },
  {
    method: 'GET',
    path: '/check/app1/mysql/nosuch',
    status: 404,
    type: 'application/json',
    body: '{"StatusCode":404,"Value":0,"Threshold":0,"Message":"No such metric"}\n',
  },
  {
    method: 'GET',
    path: '/check/app1/postgresql/ok',
    status: 404,
    type: 'application/json',
    body: '{"StatusCode":404,"Value":0,"Threshold":0,"Message":"No such metric"}\n',
  },
  {
    method: 'GET',
    path: '/nosuch',
    status: 404,
    type: 'text/plain; charset=utf-8',
    body: '404 page not found\n',
  },
  {
    method: 'GET',
    path: '/check-read/app1/mysql/busy/10',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Value":9.25,"Threshold":10,"Message":""}\n',
  },
  {
    method: 'GET',
    path: '/check-read/app1/mysql/busy/9.2499',
    status: 429,
    type: 'application/json',
    body: '{"StatusCode":429,"Value":9.25,"Threshold":9.2499,"Message":"Threshold exceeded"}\n',
  },
  {
    method: 'GET',
    path: '/check-read-if-exists/app1/mysql/ok/0.43',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Value":0.43,"Threshold":0.43,"Message":""}\n',
  },
  {
    method: 'GET',
    path: '/check-if-exists/app1/mysql/nosuch',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Value":0,"Threshold":0,"Message":"No such metric"}\n',
  },
  {
    method: 'GET',
    path: '/check-if-exists/app1/mysql/busy',
    status: 429,
    type: 'application/json',
    body: '{"StatusCode":429,"Value":9.25,"Threshold":1,"Message":"Threshold exceeded"}\n',
  },
  {
    method: 'GET',
    path: '/lb-check',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Message":"OK"}\n',
  },
  {
    method: 'GET',
    path: '/leader-check',
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: '"HTTP 200"\n',
  },
  {
    method: 'GET',
    path: '/consensus/status',
    status: 200,
    type: 'application/json',
    body:
      '{"ServiceID":"127.0.0.1:9897","Healthy":true,"IsLeader":true,' +
      '"Leader":"127.0.0.1:9897","State":"Leader","Domain":"","ShareDomain":"",' +
      '"ShareDomainServices":null,"ShareDomainServicesList":null,' +
      '"HealthyDomainServicesList":null}\n',
  },
  {
    method: 'GET',
    path: '/config/memcache',
    status: 200,
    type: 'application/json',
    body: '{"MemcacheServers":[],"MemcachePath":"freno"}\n',
  },
  {
    method: 'GET',
    path: '/throttled-apps',
    status: 200,
    type: 'application/json',
    body: '{"abusing-app":{"ExpireAt":"2036-11-20T02:30:36.312460071Z","Ratio":1}}\n',
  },
  {
    method: 'GET',
    path: '/throttle-app/t1/ttl/30/ratio/1',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Message":"OK"}\n',
  },
  {
    method: 'GET',
    path: '/check/t1/mysql/ok',
    status: 417,
    type: 'application/json',
    body: '{"StatusCode":417,"Value":0,"Threshold":0,"Message":"App denied"}\n',
  },
  {
    method: 'GET',
    path: '/check/t1/mysql/nosuch',
    status: 417,
    type: 'application/json',
    body: '{"StatusCode":417,"Value":0,"Threshold":0,"Message":"App denied"}\n',
  },
  {
    method: 'GET',
    path: '/check-if-exists/t1/mysql/nosuch',
    status: 417,
    type: 'application/json',
    body: '{"StatusCode":417,"Value":0,"Threshold":0,"Message":"App denied"}\n',
  },
  {
    method: 'GET',
    path: '/check-read/t1/mysql/ok/5',
    status: 417,
    type: 'application/json',
    body: '{"StatusCode":417,"Value":0,"Threshold":5,"Message":"App denied"}\n',
  },
  {
    method: 'GET',
    path: '/throttle-app/t1/ttl/10',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Message":"OK"}\n',
  },
  {
    method: 'GET',
    path: '/throttled-apps',
    status: 200,
    type: 'application/json',
    body:
      '{"abusing-app":{"ExpireAt":"2036-11-20T02:30:36.312460071Z","Ratio":1},' +
      '"t1":{"ExpireAt":"2026-11-23T02:41:14.184191439Z","Ratio":1}}\n',
  },
  {
    method: 'GET',
    path: '/throttle-app/t2/ttl/30/ratio/0',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Message":"OK"}\n',
  },
  {
    method: 'GET',
    path: '/check/t2/mysql/ok',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Value":0.43,"Threshold":1,"Message":""}\n',
  },
  {
    method: 'GET',
    path: '/throttle-app/t3/ttl/20/ratio/0.9',
    status: 200,
    type: 'application/json',
    body: '{"StatusCode":200,"Message":"OK"}\n',
  },
  {
    method: 'GET',
    path: '/throttled-apps',
    status: 200,
    type: 'application/json',
    body:
      '{"abusing-app":{"ExpireAt":"2036-11-20T02:30:36.312460071Z","Ratio":1},' +
      '"t1":{"ExpireAt":"2026-11-23T02:41:14.184191439Z","Ratio":1},' +
      '"t2":{"ExpireAt":"2026-11-23T03:01:14.185829749Z","Ratio":0},' +
      '"t3":{"ExpireAt":"2026-11-23T02:51:14.188223543Z","Ratio":0.9}}\n',
  },
];
