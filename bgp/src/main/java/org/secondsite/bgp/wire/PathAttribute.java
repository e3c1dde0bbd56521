package org.secondsite.bgp.wire;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One path attribute (RFC 4271 §4.3).
 *
 * <pre>
 *  0       1       2       3
 * +-------+-------+-------+---------     flags: 0x80 optional, 0x40 transitive, 0x20 partial,
 * | flags | type  |length | value ...           0x10 the length takes two octets
 * +-------+-------+-------+---------
 * </pre>
 *
 * <p>What each type is made of and what happens when it is wrong stands in {@link AttributeType}.
 */
public sealed interface PathAttribute permits AsPath, PathAttribute.Simple {
    /** The type octet. */
    int typeCode();

    /** Every attribute but AS_PATH. */
    sealed interface Simple extends PathAttribute {}

    /** ORIGIN (RFC 4271 §5.1.1): one octet. */
    record Origin(Source source) implements Simple {
        /** Where the route came from at first. */
        public enum Source {
            IGP(0),
            EGP(1),
            INCOMPLETE(2);

            private final int code;

            Source(int code) {
                this.code = code;
            }

            /** The octet on the wire. */
            public int code() {
                return code;
            }

            static Optional<Source> ofCode(int code) {
                return Arrays.stream(values())
                        .filter(source -> source.code == code)
                        .findFirst();
            }
        }

        @Override
        public int typeCode() {
            return AttributeType.ORIGIN.code();
        }
    }

    /** NEXT_HOP of the IPv4 NLRI field (RFC 4271 §5.1.3): four octets. */
    record NextHop(Inet4Address address) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.NEXT_HOP.code();
        }
    }

    /** MULTI_EXIT_DISC (RFC 4271 §5.1.4): u32, the lower the better. */
    record MultiExitDiscriminator(long value) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.MULTI_EXIT_DISC.code();
        }
    }

    /** LOCAL_PREF (RFC 4271 §5.1.5): u32, the higher the better; between internal peers only. */
    record LocalPreference(long value) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.LOCAL_PREF.code();
        }
    }

    /** ATOMIC_AGGREGATE (RFC 4271 §5.1.6): no value. */
    record AtomicAggregate() implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.ATOMIC_AGGREGATE.code();
        }
    }

    /** AGGREGATOR (RFC 4271 §5.1.7, RFC 6793 §4): {@code AS u16 or u32, address}. */
    record Aggregator(long as, Inet4Address address) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.AGGREGATOR.code();
        }
    }

    /** COMMUNITIES (RFC 1997): each {@code AS << 16 | value}. */
    record Communities(List<Long> values) implements Simple {
        /** Copies the list. */
        public Communities {
            values = List.copyOf(values);
        }

        @Override
        public int typeCode() {
            return AttributeType.COMMUNITIES.code();
        }
    }

    /** ORIGINATOR_ID (RFC 4456 §8): four octets. */
    record OriginatorId(Inet4Address routerId) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.ORIGINATOR_ID.code();
        }
    }

    /** CLUSTER_LIST (RFC 4456 §8): four octets each. */
    record ClusterList(List<Inet4Address> clusters) implements Simple {
        /** Copies the list. */
        public ClusterList {
            clusters = List.copyOf(clusters);
        }

        @Override
        public int typeCode() {
            return AttributeType.CLUSTER_LIST.code();
        }
    }

    /**
     * MP_REACH_NLRI (RFC 4760 §3): {@code AFI u16, SAFI u8, next hop length u8, next hop, reserved u8, NLRI*}.
     *
     * @param nextHop empty for traffic filters and where the family is only handed through
     * @param linkLocal the second address of a 32-octet IPv6 next hop (RFC 2545 §3)
     */
    record MpReach(
            AddressFamily family,
            Optional<? extends InetAddress> nextHop,
            Optional<Inet6Address> linkLocal,
            List<Nlri> nlri)
            implements Simple {
        /** Copies the list. */
        public MpReach {
            nlri = nlri instanceof RouteRun ? nlri : List.copyOf(nlri);
        }

        /** The same next hops, for other routes. */
        public MpReach withNlri(List<Nlri> changed) {
            return new MpReach(family, nextHop, linkLocal, changed);
        }

        @Override
        public int typeCode() {
            return AttributeType.MP_REACH_NLRI.code();
        }
    }

    /** MP_UNREACH_NLRI (RFC 4760 §4): {@code AFI u16, SAFI u8, NLRI*}. */
    record MpUnreach(AddressFamily family, List<Nlri> nlri) implements Simple {
        /** Copies the list. */
        public MpUnreach {
            nlri = List.copyOf(nlri);
        }

        @Override
        public int typeCode() {
            return AttributeType.MP_UNREACH_NLRI.code();
        }
    }

    /** EXTENDED COMMUNITIES (RFC 4360): eight octets each, the type in the highest. */
    record ExtendedCommunities(List<Long> values) implements Simple {
        /** Copies the list. */
        public ExtendedCommunities {
            values = List.copyOf(values);
        }

        @Override
        public int typeCode() {
            return AttributeType.EXTENDED_COMMUNITIES.code();
        }
    }

    /** AS4_PATH (RFC 6793 §3): the true path, carried past an old speaker. */
    record As4Path(AsPath path) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.AS4_PATH.code();
        }
    }

    /** AS4_AGGREGATOR (RFC 6793 §3). */
    record As4Aggregator(long as, Inet4Address address) implements Simple {
        @Override
        public int typeCode() {
            return AttributeType.AS4_AGGREGATOR.code();
        }
    }

    /** LARGE_COMMUNITY (RFC 8092 §3): three u32 each, none of them twice. */
    record LargeCommunities(List<LargeCommunity> values) implements Simple {
        /** Copies the list, without what is in it already (RFC 8092 §5). */
        public LargeCommunities {
            values = values.size() > 1 ? values.stream().distinct().toList() : List.copyOf(values);
        }

        @Override
        public int typeCode() {
            return AttributeType.LARGE_COMMUNITIES.code();
        }
    }

    /** An optional attribute that is not known here. */
    record Unrecognized(int flags, int typeCode, Octets value) implements Simple {}
}
