package org.secondsite.lab.wan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * An Ethernet segment that joins ports, with a {@link WanLink} for every ordered pair of them.
 *
 * <pre>
 *        ┌──── a→b ────┐
 *   a ───┤             ├─── b       behind each port stands one host; the segment learns its address from the source of
 *        └──── b→a ────┘            the last frame that came in there. Frames to an unknown address or to many go to all
 *      a→w, w→a, b→w, w→b           other ports, each by its own link.
 * </pre>
 *
 * Frames are slots of the {@link FramePool}; {@link #offer} takes a slot over, {@link FrameSink} gets it back. Not
 * thread-safe: the caller has one thread, or a lock.
 */
public final class WanSegment {
    private static final long GROUP_BIT = 1L << 40; // the first bit of the first octet on the wire, IEEE 802 §8.2

    private final List<String> ports;
    private final FramePool pool;
    private final WanLink[][] links; // [from][to]; none on the diagonal
    private final long[] hosts;
    private final WanSchedule schedule = new WanSchedule();

    /** Where frames go when they are due. */
    @FunctionalInterface
    public interface FrameSink {
        /** Takes the slot over; whoever implements this releases it. */
        void deliver(int port, int slot, int lengthBytes);
    }

    /** All pairs perfect at first. Equal seeds and equal calls give equal fates. */
    public WanSegment(List<String> ports, FramePool pool, long seed) {
        this.ports = List.copyOf(ports);
        this.pool = pool;
        hosts = new long[ports.size()];
        links = new WanLink[ports.size()][ports.size()];
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int from = 0; from < links.length; from++) {
            for (int to = 0; to < links.length; to++) {
                if (from != to) {
                    links[from][to] = new WanLink(ports.get(from), ports.get(to), to, seeds.split());
                }
            }
        }
        for (int from = 0; from < links.length; from++) {
            for (int to = 0; to < links.length; to++) {
                if (from != to) {
                    links[from][to].pair(links[to][from]);
                }
            }
        }
    }

    /** A frame came in. Takes the slot over. */
    public void offer(int port, int slot, int lengthBytes, long nowNanos) {
        hosts[port] = pool.mac(slot, 6);
        long destination = pool.mac(slot, 0);
        if ((destination & GROUP_BIT) == 0) {
            for (int to = 0; to < hosts.length; to++) {
                if (to != port && hosts[to] == destination) {
                    links[port][to].offer(slot, lengthBytes, nowNanos, pool, schedule);
                    return;
                }
            }
        }
        flood(port, slot, lengthBytes, nowNanos);
    }

    private void flood(int port, int slot, int lengthBytes, long nowNanos) {
        for (int to = 0; to < hosts.length; to++) {
            if (to != port) {
                int copy = pool.copyOf(slot, lengthBytes);
                if (copy == FramePool.NONE) {
                    links[port][to].noRoom();
                } else {
                    links[port][to].offer(copy, lengthBytes, nowNanos, pool, schedule);
                }
            }
        }
        pool.release(slot);
    }

    /** When the next frame is due, in the caller's time; MAX_VALUE if none is on the way. */
    public long nextDueNanos() {
        return schedule.nextNanos();
    }

    /** Hands over every frame that is due. */
    public void deliverDue(long nowNanos, FrameSink sink) {
        while (schedule.nextNanos() <= nowNanos) {
            WanLink link = schedule.nextLink();
            int slot = schedule.nextSlot();
            int lengthBytes = schedule.nextLengthBytes();
            schedule.remove();
            if (link.arrives(lengthBytes)) {
                sink.deliver(link.toPort, slot, lengthBytes);
            } else {
                pool.release(slot);
            }
        }
    }

    /**
     * Carries out a command.
     *
     * @return what to tell the one who sent it, one line
     * @throws IllegalArgumentException if a port is unknown or a value out of range; then nothing has changed
     */
    public String execute(WanCommand command) {
        return switch (command) {
            case WanCommand.Set set -> change(set.links(), conditions -> conditions.with(set.values()));
            case WanCommand.Cut cut -> change(cut.links(), conditions -> conditions.withCut(true));
            case WanCommand.Heal heal -> change(heal.links(), conditions -> conditions.withCut(false));
            case WanCommand.Show show -> toJson();
        };
    }

    private String change(LinkSelection selection, UnaryOperator<LinkConditions> change) {
        List<WanLink> selected = select(selection);
        List<LinkConditions> changed =
                selected.stream().map(link -> change.apply(link.conditions())).toList();
        for (int i = 0; i < changed.size(); i++) {
            selected.get(i).change(changed.get(i));
        }
        return "ok";
    }

    private List<WanLink> select(LinkSelection selection) {
        List<WanLink> selected = new ArrayList<>();
        for (WanLink[] row : links) {
            for (WanLink link : row) {
                if (link != null && selection.includes(link.from, link.to)) {
                    selected.add(link);
                }
            }
        }
        if (selected.isEmpty()) {
            throw new IllegalArgumentException(
                    "no link '" + selection + "', the ports are " + String.join(", ", ports));
        }
        return selected;
    }

    /** Counters of every direction, by {@code "a>b"}. */
    public Map<String, LinkCounters> counters() {
        Map<String, LinkCounters> counters = new LinkedHashMap<>();
        for (WanLink link : select(LinkSelection.ALL)) {
            counters.put(link.from + ">" + link.to, link.counters());
        }
        return counters;
    }

    private String toJson() {
        StringBuilder text = new StringBuilder("{\"links\":[");
        String separator = "";
        for (WanLink link : select(LinkSelection.ALL)) {
            text.append(separator)
                    .append("{\"from\":\"" + link.from + "\",\"to\":\"" + link.to + "\",\"conditions\":")
                    .append(link.conditions().toJson())
                    .append(",\"counters\":")
                    .append(link.counters().toJson())
                    .append('}');
            separator = ",";
        }
        return text.append("]}").toString();
    }
}
