package org.secondsite.witness.desk;

import java.util.Optional;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Request;
import org.secondsite.witness.wire.Message;

/** What clients' questions are to the store, and who may ask them. */
final class Asked {
    private Asked() {}

    /** Why the holder of a certificate may not ask that; empty if it may. */
    static Optional<String> objection(AccessRule access, SiteId certified, Message.Question question) {
        return switch (question) {
            case Message.Force force -> access.objectionToForce(certified, force.group(), force.owner());
            case Message.Ask ask -> access.objectionTo(certified, ask.group());
            case Message.Recover recover -> access.objectionToRecover(certified, recover.group());
            case Message.Read read -> access.objectionTo(certified, read.group());
        };
    }

    static Request.Change change(Message.Ask ask, SiteId asker) {
        return new Request.Change(ask.group(), ask.expectedTerm(), asker, ask.owner(), ask.inSync(), ask.reason());
    }

    static Request.Force force(Message.Force force, SiteId asker) {
        return new Request.Force(force.group(), force.expectedTerm(), asker, force.owner(), force.reason());
    }
}
