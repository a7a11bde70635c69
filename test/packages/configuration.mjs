/** Prints the configuration of a node of three: its number, the replica's port, then all ports. */
const [number, replica, ...ports] = process.argv.slice(2).map(Number);
const peers = ports.slice(3).map((port) => `127.0.0.1:${port}`);
const MySQL = {
  User: 'freno',
  Password: 'freno',
  MetricQuery: 'select 0.1',
  ThrottleThreshold: 1,
  Clusters: {
    main: { Port: replica, StaticHostsSettings: { Hosts: ['127.0.0.1'] } },
  },
};
console.log(
  JSON.stringify({
    ListenPort: ports[number - 1],
    RaftDataDir: '/var/lib/freno',
    RaftBind: peers[number - 1],
    RaftNodes: peers,
    Stores: { MySQL },
  }),
);
