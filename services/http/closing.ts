import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Longer than any request is allowed to take; what is not answered then loses its connection. */
const finishWithinMs = 3_000

/**
 * Lets a closing server end: streams and waits at once, connections as soon as they have no request under way,
 * and all of them after 3 s. The returned function says whether it is closing.
 */
export function closeGracefully(app: FastifyInstance, endWaits: () => void): () => boolean {
  const sockets = new Set<Socket>()
  let isClosing = false

  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  app.addHook('preClose', (done) => {
    isClosing = true
    endWaits()
    if (app.server.listening) {
      // Fastify and Node end the connections that are idle now, once; others become idle later.
      const timer = setInterval(endIdle, 25)
      const deadline = setTimeout(() => app.server.closeAllConnections(), finishWithinMs)
      app.server.once('close', () => {
        clearInterval(timer)
        clearTimeout(deadline)
      })
    }
    done()
  })

  function endIdle() {
    app.server.closeIdleConnections()
    // A browser opens connections ahead: to Node one that never asked anything is not idle.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }

  return () => isClosing
}
