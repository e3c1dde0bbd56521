package org.secondsite.net.io;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files and directories that nobody but their owner may read: guests' RAM, journals, records, sockets. They are made so, and what an
 * earlier version or another program has made wider is put right, with a line in the log, before it is used.
 */
public final class PrivateFiles {
    private static final Logger LOG = LoggerFactory.getLogger(PrivateFiles.class);

    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OWNERS = DIRECTORY;

    /** Directories of a Linux machine that belong to no program (FHS 3.0). */
    private static final Set<String> EVERYBODYS = Set.of(
            "/",
            "/boot",
            "/dev",
            "/dev/shm",
            "/etc",
            "/home",
            "/media",
            "/mnt",
            "/opt",
            "/proc",
            "/root",
            "/run",
            "/srv",
            "/sys",
            "/tmp",
            "/usr",
            "/usr/local",
            "/var",
            "/var/cache",
            "/var/lib",
            "/var/log",
            "/var/opt",
            "/var/run",
            "/var/spool",
            "/var/tmp");

    private PrivateFiles() {}

    /** The mode in which a file is made, 0600: an attribute for {@link Files#createFile} and the like. */
    public static FileAttribute<Set<PosixFilePermission>> asFile() {
        return PosixFilePermissions.asFileAttribute(FILE);
    }

    /** Puts a file in another's place as a whole, or not at all; it is on the disk when this returns. */
    public static void replace(Path file, byte[] content) throws IOException {
        replace(file, content, FILE);
    }

    /** The same with another mode, which counts only when the content is there. */
    public static void replace(Path file, byte[] content, Set<PosixFilePermission> mode) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".next");
        Files.deleteIfExists(beside);
        Files.createFile(beside, asFile());
        try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
            ByteBuffer octets = ByteBuffer.wrap(content);
            while (octets.hasRemaining()) {
                channel.write(octets);
            }
            channel.force(true);
        }
        Files.setPosixFilePermissions(beside, mode);
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /**
     * Makes room for a socket: one that an earlier life has left is removed, and nothing else is.
     *
     * @throws IOException if something else is there
     */
    public static void roomForSocket(Path socket) throws IOException {
        try {
            if (!Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                throw new IOException(socket + " is to be a socket, and something else is there, which stays");
            }
            Files.delete(socket);
        } catch (NoSuchFileException none) {
            LOG.trace("{} is free", socket);
        }
    }

    /**
     * Listens at a Unix socket that is its owner's alone.
     *
     * @throws IOException if it cannot be made, or something else than a socket is there
     */
    public static ServerSocketChannel listen(Path socket) throws IOException {
        roomForSocket(socket);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Files.setPosixFilePermissions(socket, FILE);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        return listener;
    }

    /**
     * Makes a directory, and those above it that are missing, in mode 0700. One that is there, and the plain files in it that are of the
     * same owner, are closed to others.
     *
     * @throws IOException if it cannot be made or closed, or is one that all programs of the machine share
     */
    public static void directory(Path directory) throws IOException {
        parents(directory);
        if (isEverybodys(directory)) {
            throw new FileSystemException(
                    directory.toString(), null, "belongs to the whole machine: name a directory of its own");
        }
        close(directory);
        Object owner = Files.getAttribute(directory, "unix:uid");
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                try {
                    if (attributes.isRegularFile()
                            && Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                                    .equals(owner)) {
                        close(file);
                    }
                } catch (NoSuchFileException gone) {
                    return FileVisitResult.CONTINUE; // renamed meanwhile, as what is written beside its place is
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Makes a directory, and those above it that are missing, in mode 0700. One that is there stays as it is. */
    public static void parents(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(DIRECTORY));
        }
    }

    /**
     * Takes the rights of group and others away from what is there.
     *
     * @throws IOException if that is refused: it is another user's
     */
    public static void close(Path path) throws IOException {
        Set<PosixFilePermission> found = Files.getPosixFilePermissions(path);
        if (OWNERS.containsAll(found)) {
            return;
        }
        Set<PosixFilePermission> kept = EnumSet.copyOf(OWNERS);
        kept.retainAll(found);
        String mode = PosixFilePermissions.toString(found);
        try {
            Files.setPosixFilePermissions(path, kept);
        } catch (IOException refused) {
            throw new IOException(
                    path + " is open to others (mode " + mode + ") and cannot be closed: chmod go= " + path, refused);
        }
        LOG.warn("{} was open to others (mode {}): it is closed now", path, mode);
    }

    private static boolean isEverybodys(Path directory) throws IOException {
        return EVERYBODYS.contains(directory.toRealPath().toString());
    }
}
