package org.secondsite.witness.desk;

import org.secondsite.config.GroupId;
import org.secondsite.witness.wire.Message;

/** Whose command the store has. */
sealed interface Ticket {
    record Decision(DeskClient client, long questionId, long expectedTerm) implements Ticket {
        /** A recovery is granted whatever the term is, and nothing else is. */
        static final long ANY_TERM = 0;
    }

    record Read(DeskClient client, long questionId, GroupId group) implements Ticket {
        /** What is answered when the group's record cannot be told: another node may know one that this one does not. */
        Message.Reply unread(boolean known) {
            String doubt = "grants of group '" + group + "' may have been lost: an operator has to recover it";
            return known ? new Message.NotServed(questionId, doubt) : new Message.Elsewhere(questionId, "");
        }
    }

    record AtStart(DeskClient client) implements Ticket {}

    /** What is doubted because of a term that the client has told; of its agents, who are not to be believed, or of its own. */
    record Doubted(DeskClient client, long ofAgents) implements Ticket {}
}
