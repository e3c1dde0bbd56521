package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Epoch;

/** A tunnel between two sites of the ring: in order, late, and broken at any moment. */
final class RingLine {
    private final RingOfCores ring;
    private final SiteId one;
    private final SiteId other;
    private boolean isCut;
    private boolean isUp;
    private int connection;
    private final Map<SiteId, Long> last = new HashMap<>();
    /** By whom they are: acknowledgements that may be taken back still. */
    private final Map<SiteId, List<Acknowledgement>> acknowledgements = new HashMap<>();

    RingLine(RingOfCores ring, SiteId one, SiteId other) {
        this.ring = ring;
        this.one = one;
        this.other = other;
    }

    boolean isCut() {
        return isCut;
    }

    void cut() {
        isCut = true;
        breaks();
    }

    void heal() {
        isCut = false;
    }

    private SiteId end(SiteId from) {
        return from.equals(one) ? other : one;
    }

    void connectSoon() {
        ring.after(20 * RingOfCores.MILLI + ring.shortly(), () -> {
            if (!isUp && !isCut && ring.site(one).isUp() && ring.site(other).isUp()) {
                isUp = true;
                connection++;
                for (SiteId end : List.of(one, other)) {
                    SiteId far = end(end);
                    ring.site(end).lost(far).forEach(ring.site(end)::take);
                    ring.site(end).news(far, new SiteEvent.PeerSpeaks(RingOfCores.DIALECT));
                    ring.site(end).news(far, new SiteEvent.TunnelUp());
                }
            } else if (!isUp) {
                connectSoon();
            }
        });
    }

    void breaks() {
        if (isUp) {
            isUp = false;
            connection++;
            acknowledgements.clear();
            for (SiteId end : List.of(one, other)) {
                ring.site(end).news(end(end), new SiteEvent.TunnelDown(PeerWatch.Tunnel.BROKEN, "it broke"));
            }
            connectSoon();
        }
    }

    private void send(SiteId from, Runnable arrives, Runnable isLost) {
        int sent = connection;
        long at = Math.max(last.getOrDefault(from, 0L), ring.now() + ring.shortly());
        last.put(from, at);
        if (!isUp) {
            isLost.run();
            return;
        }
        ring.at(at, () -> {
            if (isUp && connection == sent) {
                arrives.run();
            } else {
                isLost.run();
            }
        });
    }

    void send(SiteId from, SiteEvent.OfTunnel news) {
        send(from, () -> ring.site(end(from)).news(from, news), () -> {});
    }

    void send(SiteId from, Epoch epoch) {
        send(from, () -> ring.site(end(from)).news(from, new SiteEvent.EpochFromPeer(epoch)), epoch::close);
    }

    void acknowledge(SiteId from, VmId vm, EpochId epoch) {
        Acknowledgement open = new Acknowledgement(vm);
        acknowledgements.computeIfAbsent(from, _ -> new ArrayList<>()).add(open);
        send(
                from,
                () -> {
                    if (!open.isWithdrawn) {
                        ring.site(end(from)).acknowledged(from, vm, epoch);
                    }
                },
                () -> {});
    }

    void withdraw(SiteId from, VmId vm) {
        acknowledgements.getOrDefault(from, List.of()).stream()
                .filter(one -> one.vm.equals(vm))
                .forEach(one -> one.isWithdrawn = true);
    }

    private static final class Acknowledgement {
        private final VmId vm;
        private boolean isWithdrawn;

        private Acknowledgement(VmId vm) {
            this.vm = vm;
        }
    }
}
