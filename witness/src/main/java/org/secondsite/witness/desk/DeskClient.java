package org.secondsite.witness.desk;

import java.util.OptionalLong;
import org.secondsite.config.SiteId;

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
    OptionalLong readAgainNanos = OptionalLong.empty();

    DeskClient(Connection connection) {
        this.connection = connection;
    }

    SiteId certified() {
        return connection.certified();
    }
}
