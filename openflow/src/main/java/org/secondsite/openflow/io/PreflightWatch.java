package org.secondsite.openflow.io;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.secondsite.net.life.io.Life;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.ovsdb.DatabaseSession;
import org.secondsite.openflow.ovsdb.Remedy;
import org.secondsite.openflow.preflight.Finding;
import org.secondsite.openflow.preflight.Fitness;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at one switch through its database, and carries out what its {@link Fitness} asks for. On the loop's thread only. */
final class PreflightWatch implements DatabaseLink.Events {
    private static final Logger LOG = LoggerFactory.getLogger(PreflightWatch.class);

    private final SwitchSettings settings;
    private final Orders orders;
    private final Fitness fitness;
    private final Optional<DatabaseLink> link;

    /** Takes what follows for the switch. */
    interface Orders {
        /** Its VMs are to be silent. */
        void refuse();

        /** They need not be any more. */
        void admit();

        /** How it stands has changed. */
        void told(Standing standing, String what);
    }

    PreflightWatch(SwitchSettings settings, EventLoop loop, SwitchTls tls, Orders orders, Life life) {
        this.settings = settings;
        this.orders = orders;
        fitness = new Fitness(settings);
        link = settings.database().map(access -> new DatabaseLink(loop, access, tls, this, life));
    }

    /** The switch connects. */
    void connected() {
        perform(fitness.connected(System.nanoTime()));
    }

    /** These VMs are on it. */
    void holds(List<VmAttachment> vms) {
        perform(fitness.holds(vms, System.nanoTime()));
    }

    /** The switch itself has told this. */
    void probed(List<Finding> findings) {
        perform(fitness.probed(findings, System.nanoTime()));
    }

    void tick(long nowNanos) {
        link.ifPresent(database -> database.tick(nowNanos));
        perform(fitness.tick(nowNanos));
    }

    void close() {
        link.ifPresent(DatabaseLink::close);
    }

    @Override
    public void changed(DatabaseSession session) {
        perform(fitness.databaseTold(session.bridge(settings.datapathId()), System.nanoTime()));
    }

    @Override
    public void refused(String reason) {
        LOG.warn("{}: its database does not take a change: {}", settings.id(), reason);
    }

    @Override
    public void lost(String reason) {
        perform(fitness.databaseLost(reason, System.nanoTime()));
    }

    private void perform(List<Fitness.Effect> effects) {
        for (Fitness.Effect effect : effects) {
            switch (effect) {
                case Fitness.Effect.Mend(List<Remedy> remedies) -> {
                    LOG.warn(
                            "{}: its database is mended: {}",
                            settings.id(),
                            remedies.stream().map(Remedy::toString).collect(Collectors.joining(", ")));
                    link.ifPresent(database -> database.mend(remedies));
                }
                case Fitness.Effect.Refuse() -> orders.refuse();
                case Fitness.Effect.Admit() -> orders.admit();
                case Fitness.Effect.Told(Standing standing, String what) -> orders.told(standing, what);
            }
        }
    }
}
