package org.secondsite.management.netconf.io;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.compression.BuiltinCompressions;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.server.subsystem.SubsystemFactory;
import org.secondsite.config.NetconfConfig;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.netconf.Netconf;
import org.secondsite.management.netconf.NetconfSession;
import org.secondsite.net.Causes;
import org.secondsite.net.PeerText;
import org.secondsite.net.Strangers;
import org.secondsite.net.io.StrangersLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NETCONF over SSH (RFC 6242), for those whose key the gateway's file knows. There is the subsystem {@code netconf}, and nothing else: no
 * password, shell, file or forwarded port.
 *
 * <p>What strangers can have open is bounded, as at HTTPS, and how many sessions there are. A session has a virtual thread; nobody who
 * decides waits for one.
 */
public final class NetconfServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NetconfServer.class);
    private static final Duration AUTHENTICATION = Duration.ofSeconds(10);
    private static final Duration IDLE = Duration.ofMinutes(30);
    private static final int MAX_STRANGERS = 128;
    private static final int MAX_STRANGERS_OF_ONE_ADDRESS = 32;
    private static final int MAX_TRIES = 6;
    private static final int MAX_CHANNELS = 4;
    private static final int NIO_THREADS = 2;

    private final NetconfConfig settings;
    private final AuthorizedKeys keys;
    private final CompletableFuture<Netconf> netconf;
    private final SshServer ssh = SshServer.setUpDefaultServer();
    private final StrangersLog lines = new StrangersLog(LOG);
    private final StrangersLog refusals = new StrangersLog(LOG);
    private final Strangers<Session> strangers = new Strangers<>(MAX_STRANGERS, MAX_STRANGERS_OF_ONE_ADDRESS);

    private NetconfServer(NetconfConfig settings, ConfigPort port) throws IOException {
        this.settings = settings;
        keys = new AuthorizedKeys(settings.authorizedKeys());
        keys.check();
        KeyPair hostKey = hostKey();
        netconf = new CompletableFuture<>();
        Thread.ofVirtual().name("netconf-module").start(() -> {
            try {
                netconf.complete(new Netconf(YangFile.model(), port));
            } catch (RuntimeException e) {
                LOG.error("nobody can be served at {}", settings.listen(), e);
                netconf.completeExceptionally(e);
            }
        });
        ssh.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
    }

    private KeyPair hostKey() throws IOException {
        if (Files.getPosixFilePermissions(settings.hostKey()).contains(PosixFilePermission.OTHERS_READ)) {
            throw new IOException(
                    settings.hostKey() + " can be read by every user of this machine: chmod o-r " + settings.hostKey());
        }
        try (var in = Files.newInputStream(settings.hostKey())) {
            Iterable<KeyPair> pairs = SecurityUtils.loadKeyPairIdentities(
                    null, NamedResource.ofName(settings.hostKey().toString()), in, FilePasswordProvider.EMPTY);
            if (pairs != null && pairs.iterator().hasNext()) {
                return pairs.iterator().next();
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(settings.hostKey() + " is no private key: " + e.getMessage(), e);
        }
        throw new IOException(settings.hostKey() + " has no private key");
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be had, or a file is unusable
     */
    public static NetconfServer open(NetconfConfig settings, ConfigPort port) throws IOException {
        NetconfServer server = new NetconfServer(settings, port);
        try {
            server.listen();
        } catch (IOException e) {
            server.close();
            throw new IOException(
                    "management.netconf: cannot listen on " + settings.listen() + ": " + e.getMessage(), e);
        }
        return server;
    }

    private void listen() throws IOException {
        ssh.setHost(settings.listen().getAddress().getHostAddress());
        ssh.setPort(settings.listen().getPort());
        CoreModuleProperties.AUTH_TIMEOUT.set(ssh, AUTHENTICATION);
        CoreModuleProperties.IDLE_TIMEOUT.set(ssh, IDLE);
        CoreModuleProperties.MAX_AUTH_REQUESTS.set(ssh, MAX_TRIES);
        CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(ssh, MAX_CHANNELS);
        CoreModuleProperties.NIO_WORKERS.set(ssh, NIO_THREADS);
        CoreModuleProperties.SERVER_IDENTIFICATION.set(ssh, "secondsite");
        ssh.setCompressionFactories(List.of(BuiltinCompressions.none));
        ssh.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
        ssh.setPublickeyAuthenticator(this::isTheirs);
        ssh.setSubsystemFactories(List.of(new Subsystem()));
        ssh.addSessionListener(new Door());
        ssh.start();
        LOG.info("NETCONF is at {}", shown(address()));
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) ssh.getBoundAddresses().iterator().next();
    }

    private static String shown(SocketAddress address) {
        String text = address.toString();
        return text.substring(text.indexOf('/') + 1);
    }

    private boolean isTheirs(String name, PublicKey key, ServerSession session) {
        try {
            return caller(name).isPresent() && keys.has(name, key);
        } catch (IOException e) {
            LOG.error("no key is taken: {}", e.getMessage());
            return false;
        }
    }

    private Optional<Caller> caller(String name) {
        if (settings.admins().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.ADMIN));
        } else if (settings.operators().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.OPERATOR));
        } else if (settings.viewers().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.VIEWER));
        }
        return Optional.empty();
    }

    private final class Subsystem implements SubsystemFactory {
        @Override
        public String getName() {
            return "netconf";
        }

        @Override
        public Command createSubsystem(ChannelSession channel) {
            ServerSession session = channel.getServerSession();
            return new NetconfChannel(
                    NetconfServer.this, caller(session.getUsername()).orElseThrow(), session.getClientAddress());
        }
    }

    /** Strangers make room for those who come after them. */
    private final class Door implements SessionListener {
        @Override
        public void sessionCreated(Session session) {
            SocketAddress from = session.getIoSession().getRemoteAddress();
            Optional<Session> oldest;
            synchronized (strangers) {
                oldest = strangers.came(session, ((InetSocketAddress) from).getAddress());
            }
            oldest.ifPresent(out -> {
                var _ = out.close(true);
            });
        }

        @Override
        public void sessionEvent(Session session, Event event) {
            if (event == Event.Authenticated) {
                gone(session);
            }
        }

        @Override
        public void sessionException(Session session, Throwable failure) {
            tell(
                    "broken",
                    "netconf: the connection with {} ends: {}",
                    session.getRemoteAddress(),
                    Causes.words(failure));
        }

        @Override
        public void sessionClosed(Session session) {
            gone(session);
        }

        private void gone(Session session) {
            synchronized (strangers) {
                strangers.gone(session);
            }
        }
    }

    /** Writes a line whose number strangers decide. */
    void tell(String kind, String format, Object... arguments) {
        lines.tell(kind, format, arguments);
    }

    /** Who wanted to change what, and whether that was done; no line has anything of the configuration. */
    void audit(NetconfSession session, SocketAddress from, NetconfSession.Told told) {
        if (!told.writes()) {
            return;
        }
        JsonObject line = new JsonObject();
        line.addProperty("who", PeerText.line(session.caller().name()));
        line.addProperty("role", session.caller().role().word());
        line.addProperty("by", "key");
        line.addProperty("from", shown(from));
        line.addProperty("session", session.id());
        line.addProperty("method", PeerText.line(told.operation()));
        line.addProperty("status", told.status());
        if (told.status().equals("ok")) {
            LOG.info("audit {}", line);
        } else {
            refusals.tell("refused", "audit {}", line);
        }
    }

    CompletableFuture<Netconf> netconf() {
        return netconf;
    }

    @Override
    public void close() throws IOException {
        ssh.stop(true);
    }
}
