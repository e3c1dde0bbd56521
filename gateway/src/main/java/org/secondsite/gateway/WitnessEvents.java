package org.secondsite.gateway;

import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.witness.io.client.WitnessListener;

/**
 * Posts what the witness tells to the core.
 *
 * @param post brings an event to the core, later; any thread
 * @param told hears every term that the witness tells
 * @param timeline notes at once how a record came to be, which changes nothing
 */
record WitnessEvents(Consumer<SiteEvent> post, LongConsumer told, Timeline timeline) implements WitnessListener {
    @Override
    public void record(OwnershipRecord record) {
        told.accept(record.term());
        post.accept(new SiteEvent.RecordTold(record));
    }

    @Override
    public void made(OwnershipRecord record, SiteId asker, String reason) {
        timeline.note(record.group().name(), "record", record + ", by " + asker + ": " + reason);
    }

    @Override
    public void notice(String text) {
        timeline.note("witness", "notice", text);
    }

    @Override
    public void displaced(String reason) {
        post.accept(new SiteEvent.WitnessDisplaced(reason));
    }

    @Override
    public void admitted() {
        post.accept(new SiteEvent.WitnessAdmitted());
    }

    @Override
    public void reachable(boolean up, String reason) {
        post.accept(new SiteEvent.WitnessReachable(up, reason));
    }
}
