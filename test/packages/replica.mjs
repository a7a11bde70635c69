/** A simulated replica without lag, of the demo in an unpacked archive; prints its port. */
const { SimulatedMySQL } = await import(`${process.argv[2]}/dist/src/demo/simulated-mysql.js`);
const server = await SimulatedMySQL.listen({ value: 0.1 });
console.log(server.port);
