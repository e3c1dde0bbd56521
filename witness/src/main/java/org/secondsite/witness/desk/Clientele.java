package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is connected, who is welcome, and what is to be sent to them. */
final class Clientele {
    private static final Logger LOG = LoggerFactory.getLogger(Clientele.class);

    private final AccessRule access;
    private final Incarnations incarnations;
    private final Map<Long, DeskClient> clients = new LinkedHashMap<>();
    private List<DeskEffect> effects = new ArrayList<>();
    private long rejected;
    private long clones;

    Clientele(AccessRule access, Incarnations incarnations) {
        this.access = access;
        this.incarnations = incarnations;
    }

    void opened(Connection connection) {
        DeskClient client = new DeskClient(connection);
        clients.put(connection.number(), client);
        access.objectionTo(connection.certified()).ifPresent(objection -> reject(client, objection));
    }

    /** The client behind a connection; null if there is none any more. */
    DeskClient of(Connection connection) {
        return clients.get(connection.number());
    }

    Collection<DeskClient> all() {
        return clients.values();
    }

    /** The connection is gone. */
    void closed(DeskClient client) {
        clients.remove(client.connection.number());
        client.closing = true;
        if (client.welcomed) {
            LOG.info("{} disconnected", client.certified());
        }
    }

    /** Takes a hello; whether the client is welcome. */
    boolean welcome(DeskClient client, Message.Hello hello, long nowNanos) {
        SiteId certified = client.certified();
        if (hello.version() < MessageCodec.OLDEST_VERSION || hello.version() > MessageCodec.VERSION) {
            reject(
                    client,
                    "this witness speaks versions " + MessageCodec.OLDEST_VERSION + " to " + MessageCodec.VERSION
                            + ", not " + hello.version());
        } else if (!hello.site().equals(certified)) {
            reject(client, "'" + hello.site() + "' has the certificate of '" + certified + "'");
        } else if (client.welcomed) {
            reject(client, "a second hello");
        } else if (isTheOne(client, hello.client(), nowNanos)) {
            client.id = hello.client();
            client.welcomed = true;
            LOG.info("{} connected from {}", certified, client.connection.from());
            send(client, new Message.Welcome(MessageCodec.VERSION));
            return true;
        }
        return false;
    }

    /** Refuses a second live gateway with the same certificate; a connection of the same one is replaced. */
    private boolean isTheOne(DeskClient client, long id, long nowNanos) {
        SiteId certified = client.certified();
        if (certified.equals(AccessRule.OPERATOR)) {
            return true;
        }
        List<DeskClient> others = clients.values().stream()
                .filter(other ->
                        other.welcomed && !other.closing && other.certified().equals(certified))
                .toList();
        if (incarnations.isOther(certified, id, nowNanos)) {
            clones++;
            String from = client.connection.from();
            others.stream()
                    .filter(other -> other.takesNotices)
                    .forEach(other -> send(
                            other,
                            new Message.Notice("another gateway with this site's certificate, at " + from
                                    + ", was refused by the witness: only one may be")));
            reject(client, "another gateway with the certificate of '" + certified + "' is live: only one may be");
            return false;
        }
        others.forEach(other -> close(other, "this site's gateway has connected anew"));
        incarnations.heard(certified, id, nowNanos);
        return true;
    }

    boolean maySee(Connection connection, LogEntry entry) {
        return access.objectionTo(connection.certified(), entry.record().group())
                .isEmpty();
    }

    void tell(DeskClient client, LogEntry entry) {
        if (!client.closing && maySee(client.connection, entry)) {
            effects.add(new DeskEffect.Tell(client.connection, entry));
        }
    }

    void answer(DeskClient client, Message.Reply reply) {
        client.openQuestions--;
        send(client, reply);
    }

    void send(DeskClient client, Message.FromWitness message) {
        if (!client.closing) {
            effects.add(new DeskEffect.Send(client.connection, message));
        }
    }

    /** Closes the connection of a client that breaks the protocol. */
    void reject(DeskClient client, String reason) {
        if (!client.closing) {
            rejected++;
        }
        close(client, reason);
    }

    void close(DeskClient client, String reason) {
        if (!client.closing) {
            client.closing = true;
            client.readAgainNanos = OptionalLong.empty();
            LOG.warn("{} {} closed: {}", client.certified(), client.connection.from(), reason);
            effects.add(new DeskEffect.Close(client.connection, reason));
        }
    }

    /** Something else is to be done, after what is to be sent so far. */
    void add(DeskEffect effect) {
        effects.add(effect);
    }

    List<DeskEffect> drain() {
        List<DeskEffect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }

    /** How many are welcome now. */
    int welcome() {
        return (int) clients.values().stream()
                .filter(client -> client.welcomed && !client.closing)
                .count();
    }

    long rejected() {
        return rejected;
    }

    long clones() {
        return clones;
    }
}
