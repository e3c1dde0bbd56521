package org.secondsite.openflow.session;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFConfigFlags;
import org.projectfloodlight.openflow.protocol.OFEchoReply;
import org.projectfloodlight.openflow.protocol.OFEchoRequest;
import org.projectfloodlight.openflow.protocol.OFErrorMsg;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFeaturesReply;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFHelloFailedCode;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFPortDesc;
import org.projectfloodlight.openflow.protocol.OFPortDescStatsReply;
import org.projectfloodlight.openflow.protocol.OFPortReason;
import org.projectfloodlight.openflow.protocol.OFPortStatus;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.errormsg.OFHelloFailedErrorMsg;
import org.projectfloodlight.openflow.types.OFAuxId;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.Access;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.wire.ErrorName;
import org.secondsite.openflow.wire.Incoming;
import org.secondsite.openflow.wire.PortReading;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a switch, from hello to end.
 *
 * <pre>
 *  HELLO ──hello──▶ FEATURES ──known datapath──▶ PORTS ──all ports──▶ CONNECTED (see {@link Programming})
 *    └────────────────┴── no common version, unknown switch, no answer ──▶ CLOSED ◀── silence in every state
 * </pre>
 *
 * <p>A session ends for silence only after an echo went unanswered for long, and only time counts in which this process ran:
 * after a pause the answers that came meanwhile have not been read yet. While echoes are answered, no step of a known switch
 * has a deadline. Port changes are gathered: a storm of them costs some rounds a second.
 *
 * <p>Up to CONNECTED nothing is written, and then only in the role of master under a term: a switch refuses a stale master,
 * but lets anybody write who never asked for a role. Messages that cannot be parsed are logged, counted and skipped.
 *
 * <p>Times are {@link System#nanoTime} values that the caller passes in. Not for use by several threads.
 */
public final class SwitchSession {
    private static final Logger LOG = LoggerFactory.getLogger(SwitchSession.class);

    /** So long a switch may leave an echo unanswered while another connection claims to be it. */
    private static final long PROBE_NANOS = 1_000_000_000L;

    private static final long PORTS_ROUND_NANOS = 50_000_000L;

    /** Of a packet that nobody asks for; not 0, see {@link #wantToBeTold}. */
    private static final int MISS_SEND_BYTES = 128;

    private final Map<Long, SwitchSettings> known;
    private final Peer peer;
    private final long echoAfterNanos;
    private final long deadAfterNanos;
    private final Outbox outbox = new Outbox();
    private final PortTable ports = new PortTable();
    private final PortReading portReading = new PortReading(ports);

    private State state = State.HELLO;
    private String name;
    private OFFactory factory = OFFactories.getFactory(Versions.NEWEST);
    private Programming programming;
    private Probing probing;
    private SwitchSettings settings;
    private long enteredNanos;
    private long heardNanos;
    private long tickedNanos;

    /** How long an echo is unanswered, as far as this process ran. */
    private long unansweredNanos;

    /** Of the question before CONNECTED that is under way. */
    private long askedXid;

    private boolean echoSent;
    private boolean probed;
    private boolean portsDirty;
    private long portsRoundNanos;
    private Layout layout = Layout.TABLES;
    private long unparsableCount;
    private long errorCount;

    /**
     * A session on a connection that was just made.
     *
     * @param known the switches that may connect, by datapath id; asked when the switch has said which it is
     * @param peer who is at the other end
     * @param echoAfterNanos the silence after which an echo is asked for
     * @param deadAfterNanos the silence, or the wait for an answer, after which the session ends
     */
    public SwitchSession(Map<Long, SwitchSettings> known, Peer peer, long echoAfterNanos, long deadAfterNanos) {
        this.known = known;
        this.peer = peer;
        this.name = peer.remote();
        this.echoAfterNanos = echoAfterNanos;
        this.deadAfterNanos = deadAfterNanos;
    }

    /** The connection is up: says hello. */
    public List<Effect> opened(long nowNanos) {
        enteredNanos = nowNanos;
        heardNanos = nowNanos;
        tickedNanos = nowNanos;
        portsRoundNanos = nowNanos - PORTS_ROUND_NANOS;
        outbox.send(Versions.hello(outbox.nextXid()));
        return outbox.drain();
    }

    /** A message has arrived. */
    public List<Effect> received(Incoming incoming, long nowNanos) {
        heardNanos = nowNanos;
        echoSent = false;
        unansweredNanos = 0;
        if (state != State.CLOSED) {
            if (probed) {
                probed = false;
                outbox.add(new Effect.Alive());
            }
            switch (incoming) {
                case Incoming.Message(OFMessage message) -> dispatch(message, nowNanos);
                case Incoming.Part part -> part(part, nowNanos);
                case Incoming.Unparsable unparsable -> skipped(unparsable, nowNanos);
            }
        }
        return outbox.drain();
    }

    /** Time has passed. To be called a few times per echo interval. */
    public List<Effect> tick(long nowNanos) {
        // Of a longer time between two calls, this process has slept the rest.
        long ranNanos = Math.min(nowNanos - tickedNanos, echoAfterNanos);
        tickedNanos = nowNanos;
        if (state == State.CLOSED) {
            return List.of();
        }
        unansweredNanos += echoSent ? ranNanos : 0;
        if (unansweredNanos >= deadAfterNanos) {
            close(StateChange.SILENT, "an echo was not answered for " + unansweredNanos / 1_000_000 + " ms");
        } else if (probed && unansweredNanos >= PROBE_NANOS) {
            close(StateChange.REPLACED, "an echo was not answered while another connection claims to be this switch");
        } else if ((state == State.HELLO || state == State.FEATURES) && nowNanos - enteredNanos >= deadAfterNanos) {
            close(StateChange.MUTE, "no answer in state " + state);
        } else {
            if (nowNanos - heardNanos >= echoAfterNanos && !echoSent) {
                echo();
            }
            if (state == State.CONNECTED) {
                programming.tick(nowNanos, deadAfterNanos);
                if (programming.isSteady()) {
                    probing.begin(programming.wanted());
                }
                portsRound(nowNanos);
            }
        }
        return outbox.drain();
    }

    /** Asks whether the switch lives: {@link Effect.Alive}, or before long the end, says so. */
    public List<Effect> probe() {
        if (state != State.CLOSED && !probed) {
            probed = true;
            unansweredNanos = 0;
            echo();
        }
        return outbox.drain();
    }

    private void echo() {
        echoSent = true;
        outbox.send(factory.echoRequest(new byte[0])
                .createBuilder()
                .setXid(outbox.nextXid())
                .build());
    }

    /**
     * The switch shall do this from now on. Only after {@link Effect.Connected}.
     *
     * @throws IllegalStateException before
     */
    public List<Effect> apply(Desired desired, long nowNanos) {
        if (state == State.CLOSED) {
            return List.of();
        }
        if (state != State.CONNECTED) {
            throw new IllegalStateException("apply in state " + state);
        }
        programming.apply(desired, nowNanos);
        return outbox.drain();
    }

    /** While the switch works, works out what comes next: {@link Effect.Prepare}. */
    public void prepare() {
        if (state == State.CONNECTED) {
            programming.prepare();
        }
    }

    /** The connection is gone, whoever ended it; nothing follows. */
    public void closed() {
        state = State.CLOSED;
    }

    /** The switch at the other end, once it has said so. */
    public Optional<SwitchId> switchId() {
        return Optional.ofNullable(settings).map(SwitchSettings::id);
    }

    /** The version agreed on; before that the newest one. */
    public OFVersion version() {
        return factory.getVersion();
    }

    /** How many messages were skipped because they could not be parsed. */
    public long unparsableCount() {
        return unparsableCount;
    }

    /** How many errors the switch has sent. */
    public long errorCount() {
        return errorCount;
    }

    private void dispatch(OFMessage message, long nowNanos) {
        switch (message) {
            case OFEchoRequest echo ->
                outbox.send(factory.buildEchoReply()
                        .setXid(echo.getXid())
                        .setData(echo.getData())
                        .build());
            case OFEchoReply _ -> {
                // Any message shows life, an answer to an echo no more than others.
            }
            case OFHello hello when state == State.HELLO -> negotiate(Versions.common(hello), nowNanos);
            case OFFeaturesReply features
            when state == State.FEATURES && features.getXid() == askedXid -> identify(features, nowNanos);
            case OFPortDescStatsReply part
            when state == State.PORTS && part.getXid() == askedXid -> ports(part, nowNanos);
            case OFPortStatus status when state == State.PORTS || state == State.CONNECTED -> port(status, nowNanos);
            case OFErrorMsg error -> error(error, nowNanos);
            default -> {
                if (state != State.CONNECTED || !programming.received(message, nowNanos)) {
                    LOG.debug("{}: {} was not asked for", name, message.getType());
                }
            }
        }
    }

    private void error(OFErrorMsg error, long nowNanos) {
        errorCount++;
        String errorName = ErrorName.of(error);
        // A full table refuses thousands; what comes of them is told as one.
        LOG.debug("{}: switch reports {} for xid {}", name, errorName, error.getXid());
        if (state == State.CONNECTED && !probing.refused(error.getXid())) {
            programming.error(error.getXid(), errorName, nowNanos);
        } else if (error.getXid() == askedXid || error instanceof OFHelloFailedErrorMsg) {
            close(StateChange.REFUSED, "switch reports " + errorName + " in state " + state);
        }
    }

    private void skipped(Incoming.Unparsable unparsable, long nowNanos) {
        unparsableCount++;
        if (state == State.HELLO && unparsable.type() == Incoming.Unparsable.HELLO) {
            negotiate(Versions.byHeader(unparsable.version()), nowNanos);
        } else if (state == State.PORTS
                && unparsable.type() == Incoming.Unparsable.MULTIPART_REPLY
                && unparsable.xid() == askedXid) {
            portsToldUntil(unparsable.moreFollows(), nowNanos);
        } else if (state == State.CONNECTED && !probing.refused(unparsable.xid())) {
            programming.skipped(unparsable, nowNanos);
        }
    }

    private void negotiate(Optional<OFVersion> version, long nowNanos) {
        if (version.isEmpty()) {
            outbox.send(factory.errorMsgs()
                    .buildHelloFailedErrorMsg()
                    .setXid(outbox.nextXid())
                    .setCode(OFHelloFailedCode.INCOMPATIBLE)
                    .build());
            close(StateChange.TOO_OLD, "it speaks neither OpenFlow 1.4 nor 1.3");
            return;
        }
        factory = OFFactories.getFactory(version.get());
        askedXid = outbox.nextXid();
        outbox.send(factory.buildFeaturesRequest().setXid(askedXid).build());
        transition(StateChange.AGREED, "speaks " + factory.getVersion(), nowNanos);
    }

    private void identify(OFFeaturesReply features, long nowNanos) {
        String datapath = features.getDatapathId().toString();
        SwitchSettings found = known.get(features.getDatapathId().getLong());
        if (found == null) {
            close(StateChange.STRANGER, "datapath " + datapath + " is not configured");
        } else if (!features.getAuxiliaryId().equals(OFAuxId.MAIN)) {
            close(StateChange.STRANGER, "auxiliary connections are not used");
        } else if (!isProved(found.access())) {
            String what = "it says that it is " + found.id() + ", and shows "
                    + peer.certificate()
                            .map(shown -> "the certificate of '" + shown + "'")
                            .orElse("no certificate");
            outbox.add(new Effect.Impostor(found.id(), what));
            close(StateChange.IMPOSTOR, what);
        } else {
            settings = found;
            name = found.id().name();
            // 0 tables are none that a switch can have: it does not say.
            layout = features.getNTables() == 0 ? Layout.TABLES : Layout.of(features.getNTables() & 0xff);
            if (peer.opener() == Peer.Opener.CONTROLLER) {
                wantToBeTold();
            }
            askedXid = outbox.nextXid();
            outbox.send(factory.buildPortDescStatsRequest().setXid(askedXid).build());
            transition(StateChange.KNOWN, "is datapath " + datapath, nowNanos);
        }
    }

    private boolean isProved(Access access) {
        return access.certificate().isEmpty() || access.certificate().equals(peer.certificate());
    }

    /**
     * Open vSwitch tells a controller that has dialled it nothing unasked, neither of ports nor of roles, as long as that wants
     * to see no byte of a packet. None of the pipeline's flows leads to the controller.
     */
    private void wantToBeTold() {
        outbox.send(factory.buildSetConfig()
                .setXid(outbox.nextXid())
                .setFlags(Set.of(OFConfigFlags.FRAG_NORMAL))
                .setMissSendLen(MISS_SEND_BYTES)
                .build());
    }

    private void ports(OFPortDescStatsReply part, long nowNanos) {
        for (OFPortDesc port : part.getEntries()) {
            ports.put(port.getPortNo().getPortNumber(), port.getName());
        }
        portsToldUntil(part.getFlags().contains(OFStatsReplyFlags.REPLY_MORE), nowNanos);
    }

    private void part(Incoming.Part part, long nowNanos) {
        LOG.debug("{}: {}", name, part.reason());
        if (state == State.PORTS && part.kind() == Incoming.Part.PORT_DESC && part.xid() == askedXid) {
            portReading.add(part);
            portsToldUntil(part.moreFollows(), nowNanos);
        } else if (state == State.CONNECTED && !probing.received(part)) {
            programming.part(part, nowNanos);
        }
    }

    private void portsToldUntil(boolean moreFollows, long nowNanos) {
        if (moreFollows) {
            return;
        }
        programming = new Programming(settings, factory, outbox, ports, layout);
        probing = new Probing(factory, outbox, layout);
        transition(StateChange.TOLD, "has ports " + ports, nowNanos);
        outbox.add(new Effect.Connected(settings.id()));
        if (factory.getVersion().compareTo(Versions.NEWEST) < 0) {
            outbox.add(new Effect.Noticed(Versions.NOT_ATOMIC));
        }
        if (layout == Layout.ONE_TABLE) {
            outbox.add(new Effect.Noticed("one table: " + layout.unchecked()));
        }
    }

    private void port(OFPortStatus status, long nowNanos) {
        String portName = status.getDesc().getName();
        int number = status.getDesc().getPortNo().getPortNumber();
        boolean news = status.getReason() == OFPortReason.DELETE ? ports.remove(number) : ports.put(number, portName);
        LOG.debug("{}: port {} ({}) {}", name, portName, number, status.getReason());
        portsDirty |= news;
        portsRound(nowNanos);
    }

    private void portsRound(long nowNanos) {
        if (portsDirty && state == State.CONNECTED && nowNanos - portsRoundNanos >= PORTS_ROUND_NANOS) {
            portsDirty = false;
            portsRoundNanos = nowNanos;
            programming.portsChanged(nowNanos);
        }
    }

    private void transition(StateChange change, String reason, long nowNanos) {
        become(change, reason);
        enteredNanos = nowNanos;
    }

    private void close(StateChange change, String reason) {
        become(change, reason);
        outbox.add(new Effect.Close(reason));
    }

    /** The one place where the state changes, but for {@link #closed}. */
    private void become(StateChange change, String reason) {
        assert change.in().contains(state) : change + " in " + state;
        LOG.debug("{}: {} -> {}: {} ({})", name, state, change.next(), reason, change);
        state = change.next();
    }
}
