package org.secondsite.witness.desk;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What clients tell of terms that they know, and which questions are not decided for it ({@link CounterDoubt}, {@link FirstCalls}). */
final class LostGrants {
    private static final Logger LOG = LoggerFactory.getLogger(LostGrants.class);

    private final Clientele clientele;
    private final CounterDoubt doubt;
    private final FirstCalls calls;
    private final DeskTally tally;
    private final ToLongFunction<Ticket> tickets;
    private final Map<SiteId, Long> toldBack = new TreeMap<>();

    LostGrants(
            Clientele clientele,
            CounterDoubt doubt,
            FirstCalls calls,
            DeskTally tally,
            ToLongFunction<Ticket> tickets) {
        this.clientele = clientele;
        this.doubt = doubt;
        this.calls = calls;
        this.tally = tally;
        this.tickets = tickets;
    }

    /** A client has told a term, of whichever of its groups. Whether that can be. */
    boolean told(DeskClient client, long term) {
        client.tellsTerm(term);
        if (isAbsurd(client, term)) {
            return false;
        }
        SiteId site = client.certified();
        toldBack.put(site, term);
        if (client.isOwn(term) || !calls.haveMajority()) {
            doubt.heard(site, term);
        } else {
            doubtAgents(client, term);
        }
        if (doubt.isBehind() && !doubt.isProven()) {
            readWhetherForgotten(client, 0);
        }
        return true;
    }

    /** A client has told which term its agents remember of a group. */
    void toldOf(DeskClient client, AccessRule access, GroupId group, long term) {
        Optional<String> objection = access.objectionTo(client.certified(), group);
        if (client.isOperator() || objection.isPresent()) {
            clientele.noticeOnce(client, "a term of agents: " + objection.orElse("an operator has none"));
        } else if (!isAbsurd(client, term)) {
            if (calls.haveMajority()) {
                doubtAgents(client, term);
            } else {
                doubt.heard(client.certified(), group, term);
            }
            if (doubt.isBehind() && !doubt.isProven()) {
                readWhetherForgotten(client, 0);
            }
        }
    }

    private boolean isAbsurd(DeskClient client, long term) {
        boolean absurd = doubt.isAbsurd(term);
        if (absurd) {
            clientele.reject(
                    client, "term " + term + " is far above " + doubt.counter() + ", the last that was granted");
        }
        return absurd;
    }

    /** Where a majority has the records, agents alone show nothing. */
    private void doubtAgents(DeskClient client, long term) {
        if (term > doubt.counter()) {
            readWhetherForgotten(client, term);
        }
    }

    /** A node that has not applied what a majority has looks behind for a moment. */
    private void readWhetherForgotten(DeskClient client, long ofAgents) {
        clientele.add(new DeskEffect.ReadCurrent(tickets.applyAsLong(new Ticket.Doubted(client, ofAgents))));
    }

    /** What is in force was read for that, and learnt. */
    void read(Ticket.Doubted doubted) {
        if (doubt.read()) {
            LOG.error("{}", doubt.words());
        }
        doubt.objectionTo(doubted.ofAgents()).ifPresent(words -> clientele.noticeOnce(doubted.client(), words));
    }

    /** What is in force could not be read for that, as before nodes have chosen who leads them. */
    void unread(Ticket.Doubted doubted) {
        DeskClient client = doubted.client();
        client.unread = OptionalLong.of(Math.max(doubted.ofAgents(), client.unread.orElse(0)));
    }

    /** This node leads, and the client is there: what could not be read is read again. */
    void readAgain(DeskClient client) {
        if (client.unread.isPresent()) {
            long ofAgents = client.unread.getAsLong();
            client.unread = OptionalLong.empty();
            readWhetherForgotten(client, ofAgents);
        }
    }

    /** Whether the question is not to be decided now, and was answered so. */
    boolean keepsFrom(DeskClient client, Message.Question question, GroupSettings settings) {
        boolean changes = question instanceof Message.Ask || question instanceof Message.Force;
        if (!changes) {
            return false;
        }
        Set<SiteId> sites = settings.sites();
        if (!doubt.isBehind(question.group(), sites)) {
            if (calls.vouchFor(sites)) {
                return false;
            }
            tally.notServed++;
            clientele.answer(client, new Message.NotServed(question.requestId(), calls.words(sites)));
            return true;
        }
        if (!doubt.isProven()) {
            readWhetherForgotten(client, 0);
        }
        tally.behind++;
        clientele.answer(
                client,
                doubt.isProven()
                        ? new Message.NotServed(question.requestId(), doubt.words())
                        : new Message.Elsewhere(question.requestId(), ""));
        return true;
    }

    /** By site: the highest term that its gateway has said it knows of. */
    Map<SiteId, Long> toldBack() {
        return Map.copyOf(toldBack);
    }
}
