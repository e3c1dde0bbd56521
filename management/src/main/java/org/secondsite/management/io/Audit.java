package org.secondsite.management.io;

import com.google.gson.JsonObject;
import java.net.SocketAddress;
import org.secondsite.management.Caller;
import org.secondsite.management.rest.HttpRequest;
import org.secondsite.net.PeerText;
import org.secondsite.net.io.StrangersLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who wanted to change what, and whether that was done: a line of the log for each request that is to write, {@code audit} and an object
 * of JSON. No line has anything of a body. Those of refused requests are few: of them it is the callers who decide how many there are.
 */
final class Audit {
    private static final Logger LOG = LoggerFactory.getLogger(Audit.class);
    private static final int FIRST_REFUSAL = 300;

    private final StrangersLog refusals = new StrangersLog(LOG);

    /**
     * Writes the line of a request.
     *
     * @param proof how the caller has proved who he is
     * @param status the answer's
     */
    void tell(HttpRequest request, String proof, SocketAddress from, int status) {
        Caller caller = request.caller();
        JsonObject line = new JsonObject();
        line.addProperty("who", PeerText.line(caller.name()));
        line.addProperty("role", caller.role().word());
        line.addProperty("by", proof);
        line.addProperty("from", HttpsServer.shown(from));
        line.addProperty("method", PeerText.line(request.method()));
        line.addProperty("path", PeerText.line(request.path()));
        JsonObject query = new JsonObject();
        request.query().forEach((name, value) -> query.addProperty(PeerText.line(name), PeerText.line(value)));
        line.add("query", query);
        line.addProperty("status", status);
        if (status < FIRST_REFUSAL) {
            LOG.info("audit {}", line);
        } else {
            refusals.tell("refused", "audit {}", line);
        }
    }
}
