// A yardstick of make bench: POST and GET of orders as one would write them in Node, with Fastify and pg, a process a core.
// What goes to PostgreSQL is what Ciclo sends, read from the file WORK; one request has one connection of the pool.
'use strict'
const cluster = require('node:cluster')
const { createHash, randomBytes } = require('node:crypto')
const { readFileSync } = require('node:fs')

const workers = Number(process.env.WORKERS)
if (cluster.isPrimary) {
	for (let n = 0; n < workers; n++) cluster.fork()
	process.on('SIGTERM', () => {
		for (const worker of Object.values(cluster.workers)) worker.process.kill()
		process.exit(0)
	})
} else {
	serve()
}

function serve() {
	const { Pool } = require('pg')
	const work = JSON.parse(readFileSync(process.env.WORK, 'utf8'))
	const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Math.max(1, Math.floor(Number(process.env.POOL) / workers)) })
	for (const side of ['create', 'read']) work[side].forEach((s, n) => { s.name = side + n })

	const fill = (text, values) => text.replace(/\{([A-Z]+)\}/g, (whole, name) => values[name] ?? whole)

	// bigint and numeric fit into numbers here; json is parsed.
	const parsers = { 16: (v) => v === 't', 20: Number, 21: Number, 23: Number, 114: JSON.parse, 1700: Number, 3802: JSON.parse }
	const types = { getTypeParser: (oid) => parsers[oid] ?? ((v) => v) }

	// Sends the statements one after the other; the answer of the last.
	async function run(statements, values) {
		const client = await pool.connect()
		try {
			let answer
			for (const s of statements) {
				answer = await client.query({
					name: s.name, text: s.sql, values: s.args.map((a) => a === null ? null : fill(a, values)), types
				})
				if (s.finds_customer && answer.rows.length) values.CUSTOMER = answer.rows[0].customer_id
			}
			client.release()
			return answer
		} catch (error) {
			client.release(error)
			throw error
		}
	}

	function uuid7() {
		const b = randomBytes(16)
		b.writeUIntBE(Date.now(), 0, 6)
		b[6] = b[6] & 0x0f | 0x70
		b[8] = b[8] & 0x3f | 0x80
		const h = b.toString('hex')
		return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
	}

	const whole = { type: 'integer', minimum: 0 }
	const schema = {
		body: {
			type: 'object', required: ['external_id', 'customer', 'currency', 'items'],
			properties: {
				external_id: { type: 'string', minLength: 1 },
				customer: { type: 'object', required: ['email'], properties: { email: { type: 'string', pattern: '@' } } },
				currency: { type: 'string', pattern: '^[A-Z]{3}$' },
				items: {
					type: 'array', minItems: 1,
					items: {
						type: 'object', required: ['quantity', 'unit_price'],
						properties: { quantity: { type: 'integer', minimum: 1 }, unit_price: whole, unit_cost: whole, discount: whole }
					}
				}
			}
		}
	}

	const app = require('fastify')()
	app.post('/v1/orders', { schema }, async (request, reply) => {
		const order = request.body
		const values = {
			ORDER: uuid7(), EXTERNAL: order.external_id, EMAIL: order.customer.email,
			HASH: createHash('sha256').update(JSON.stringify(order)).digest('hex')
		}
		await run(work.create, values)
		reply.code(201).type('application/json').send(fill(work.answer, values))
	})
	app.get('/v1/orders/:id', async (request, reply) => {
		const { rows } = await run(work.read, { ORDER: request.params.id })
		if (rows.length) reply.type('application/json').send(JSON.stringify(rows[0]))
		else reply.code(404).send()
	})
	app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
}
