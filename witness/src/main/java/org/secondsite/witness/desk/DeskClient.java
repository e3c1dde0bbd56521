package org.secondsite.witness.desk;

import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;

/** What the {@link RequestDesk} knows of a connection. */
final class DeskClient {
    final Connection connection;
    long id;
    boolean greeted;
    boolean tellsSeat;
    boolean welcomed;
    boolean takesNotices;
    boolean toldCurrent;
    boolean closing;
    int openQuestions;

    /** What it remembers of its own, which it tells first; -1 if it has told nothing. */
    long ownTerm = -1;

    /** The groups of which it was told the record, while it was not told all. */
    final Set<GroupId> told = new HashSet<>();

    /** A term that it has told, of which it could not be read yet whether it was granted. */
    OptionalLong unread = OptionalLong.empty();

    String noticed = "";
    OptionalLong readAgainNanos = OptionalLong.empty();

    DeskClient(Connection connection) {
        this.connection = connection;
    }

    SiteId certified() {
        return connection.certified();
    }

    boolean isOperator() {
        return certified().equals(AccessRule.OPERATOR);
    }

    /** Whether it remembers that itself, and not its agents alone. */
    boolean isOwn(long term) {
        return term <= ownTerm;
    }

    /** What it tells first is its own; what comes then, agents have told it. */
    void tellsTerm(long term) {
        takesNotices = true;
        ownTerm = ownTerm < 0 ? term : ownTerm;
    }
}
