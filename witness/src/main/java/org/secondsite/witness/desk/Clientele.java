package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is connected, who is welcome, and what is to be sent to them. */
final class Clientele {
    private static final Logger LOG = LoggerFactory.getLogger(Clientele.class);

    private AccessRule access;
    private final Incarnations incarnations;
    private final InForce inForce;
    private final Map<Long, DeskClient> clients = new LinkedHashMap<>();
    private List<DeskEffect> effects = new ArrayList<>();
    private long rejected;
    private long clones;

    Clientele(AccessRule access, Incarnations incarnations, InForce inForce) {
        this.access = access;
        this.incarnations = incarnations;
        this.inForce = inForce;
    }

    /** Whoever may see no group any more is closed. */
    void serve(AccessRule newAccess) {
        access = newAccess;
        List.copyOf(clients.values()).forEach(client -> access.objectionTo(client.certified())
                .ifPresent(objection -> close(client, objection)));
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

    /** Takes a hello. Whether the client is admitted; one that tells its seat is not, before it has. */
    boolean greeted(DeskClient client, Message.Hello hello, long nowNanos) {
        SiteId certified = client.certified();
        if (hello.version() < MessageCodec.OLDEST_HELLO || hello.version() > MessageCodec.VERSION) {
            reject(
                    client,
                    "this witness speaks versions " + MessageCodec.OLDEST_SERVED + " to " + MessageCodec.VERSION
                            + ", not " + hello.version());
        } else if (!hello.site().equals(certified)) {
            reject(client, "'" + hello.site() + "' has the certificate of '" + certified + "'");
        } else if (client.greeted) {
            reject(client, "a second hello");
        } else {
            client.greeted = true;
            client.id = hello.client();
            client.tellsSeat = hello.version() > MessageCodec.OLDEST_HELLO;
            if (client.tellsSeat) {
                send(client, new Message.Welcome(MessageCodec.VERSION));
                return false;
            }
            return admitted(client, SeatId.NONE, nowNanos);
        }
        return false;
    }

    /** Takes a seat. Whether the client is admitted. */
    boolean seated(DeskClient client, SeatId seat, long nowNanos) {
        if (client.welcomed || !client.tellsSeat) {
            reject(client, "a seat that nobody has asked for");
            return false;
        }
        return admitted(client, seat, nowNanos);
    }

    private boolean admitted(DeskClient client, SeatId seat, long nowNanos) {
        SiteId certified = client.certified();
        boolean operator = client.isOperator();
        Optional<String> objection = operator
                ? Optional.empty()
                : incarnations.objection(certified, seat, client.id, inForce.isInSync(certified), nowNanos);
        if (objection.isPresent()) {
            refuseCopy(client, objection.get());
            return false;
        }
        if (!operator) {
            others(client).forEach(other -> close(other, "this site's gateway has connected anew"));
            if (incarnations.admitted(certified, seat, client.id, nowNanos)) {
                effects.add(new DeskEffect.KeepSeat(certified, seat));
            }
        }
        client.welcomed = true;
        LOG.info("{} connected from {}", certified, client.connection.from());
        send(client, client.tellsSeat ? new Message.Admitted() : new Message.Welcome(MessageCodec.VERSION));
        return true;
    }

    /** A second gateway with the same certificate: both operators are told. */
    private void refuseCopy(DeskClient client, String objection) {
        clones++;
        String notice = "another gateway with this site's certificate, at " + client.connection.from()
                + ", was refused by the witness: only one may be";
        others(client).stream()
                .filter(other -> other.takesNotices)
                .forEach(other -> send(other, new Message.Notice(notice)));
        rejected++;
        displace(client, objection);
    }

    /** Something that its operator is to know, said once as long as it is so. */
    void noticeOnce(DeskClient client, String text) {
        if (!client.noticed.equals(text)) {
            client.noticed = text;
            LOG.warn("{}: {}", client.certified(), text);
            if (client.takesNotices) {
                send(client, new Message.Notice(text));
            }
        }
    }

    private void displace(DeskClient client, String reason) {
        if (client.tellsSeat) {
            send(client, new Message.Displaced(reason));
        }
        close(client, reason);
    }

    private List<DeskClient> others(DeskClient client) {
        return clients.values().stream()
                .filter(other ->
                        other.welcomed && !other.closing && other.certified().equals(client.certified()))
                .toList();
    }

    /** An operator has given a group to the site: who was silent there has no claim to its place any more. */
    void forced(SiteId site, long nowNanos) {
        if (incarnations.freed(site, nowNanos)) {
            LOG.warn("the place of the gateway of {}, which is silent, is free for another one", site);
            effects.add(new DeskEffect.KeepSeat(site, SeatId.NONE));
            // It may hear without being heard: then it must not be told what the next one is granted.
            clients.values().stream()
                    .filter(client -> client.welcomed && client.certified().equals(site))
                    .forEach(client ->
                            displace(client, "an operator has given a group to this site while it was silent"));
        }
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

    /** Who is welcome now, a copy. */
    List<DeskClient> welcomed() {
        return clients.values().stream()
                .filter(client -> client.welcomed && !client.closing)
                .toList();
    }

    /** How many are welcome now. */
    int welcome() {
        return welcomed().size();
    }

    long rejected() {
        return rejected;
    }

    long clones() {
        return clones;
    }
}
