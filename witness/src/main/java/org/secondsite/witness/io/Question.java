package org.secondsite.witness.io;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.secondsite.witness.wire.Message;

/**
 * A question on its way to whichever node leads. It may lie at several nodes at once: it bears one number, so it is decided
 * once. Only on the client's loop.
 */
final class Question {
    private final Message.Question message;
    private final CompletableFuture<Message.Reply> reply;
    private final Set<WitnessLink> asked = new HashSet<>();
    private final List<ScheduledFuture<?>> timers = new ArrayList<>();
    private WitnessLink last;

    Question(Message.Question message, CompletableFuture<Message.Reply> reply) {
        this.message = message;
        this.reply = reply;
    }

    long id() {
        return message.requestId();
    }

    void timer(ScheduledFuture<?> timer) {
        timers.add(timer);
    }

    /** Sends it to a node. */
    void askAt(WitnessLink link) {
        asked.add(link);
        last = link;
        link.send(message);
    }

    /** The node will not answer: it does not lead, or its connection is lost. */
    void unasked(WitnessLink link) {
        asked.remove(link);
    }

    boolean isAskedAt(WitnessLink link) {
        return asked.contains(link);
    }

    boolean isAskedNowhere() {
        return asked.isEmpty();
    }

    /** The next connected node after the one that was asked last, in the order of the configuration, but none asked now. */
    Optional<WitnessLink> next(List<WitnessLink> links) {
        int start = links.indexOf(last);
        for (int i = 1; i <= links.size(); i++) {
            WitnessLink link = links.get(Math.floorMod(start + i, links.size()));
            if (link.isUp() && !asked.contains(link)) {
                return Optional.of(link);
            }
        }
        return Optional.empty();
    }

    void answered(Message.Reply answer) {
        end();
        reply.complete(answer);
    }

    void failed(String reason) {
        end();
        reply.completeExceptionally(new UnansweredException(reason));
    }

    private void end() {
        timers.forEach(timer -> timer.cancel(false));
    }
}
