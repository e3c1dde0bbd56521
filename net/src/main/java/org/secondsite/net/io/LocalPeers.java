package org.secondsite.net.io;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED, unix(7)): one of this machine, who is root or the user that this
 * process runs as. He could read this process's memory and keys, so there is nothing to be kept from him.
 */
public final class LocalPeers {
    private static final int ROOT = 0;

    /** proc_pid_status(5): real, effective, saved, and that of file systems. */
    private static final Pattern USERS = Pattern.compile("(?m)^Uid:\\s+\\d+\\s+(\\d+)\\s");

    private final int own;

    LocalPeers(int own) {
        this.own = own;
    }

    /**
     * Those of this process.
     *
     * @throws IOException if the kernel does not say as whom it runs
     */
    public static LocalPeers here() throws IOException {
        // Not the owner of /proc/self, which is root where a process is not dumpable.
        Matcher found = USERS.matcher(Files.readString(Path.of("/proc/self/status")));
        if (!found.find()) {
            throw new IOException("/proc/self/status does not say as whom this process runs");
        }
        return new LocalPeers(Integer.parseInt(found.group(1)));
    }

    /** Why the other end is not to be spoken with; or empty. */
    public Optional<String> objection(Channel channel) {
        try {
            return objection(
                    ((EpollDomainSocketChannel) channel).peerCredentials().uid());
        } catch (IOException e) {
            return Optional.of("the kernel does not say who is at the other end: " + e.getMessage());
        }
    }

    Optional<String> objection(int uid) {
        return uid == ROOT || uid == own
                ? Optional.empty()
                : Optional.of("the other end runs as user " + uid + ", and neither as " + own
                        + ", as this one does, nor as root");
    }
}
