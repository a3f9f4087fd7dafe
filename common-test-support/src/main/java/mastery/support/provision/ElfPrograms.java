package mastery.support.provision;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Finds the programs of a tree that name a loader: those that patchelf has to point to the tree's own. */
final class ElfPrograms {

    private static final int MAGIC = 0x464c457f;
    private static final byte BITS_64 = 2;
    private static final int PT_INTERP = 3;

    private ElfPrograms() {}

    /** Libraries stay as they are: they inherit the program's path, and a patched libc or loader breaks. */
    static List<Path> in(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> candidates = files.filter(
                            file -> !file.getFileName().toString().contains(".so"))
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.isExecutable(file))
                    .toList();
            List<Path> programs = new ArrayList<>();
            for (Path candidate : candidates) {
                if (namesLoader(candidate)) {
                    programs.add(candidate);
                }
            }
            return programs;
        }
    }

    /** Reads the program headers of a 64-bit little-endian file (elf(5): Elf64_Ehdr, Elf64_Phdr). */
    static boolean namesLoader(Path file) throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            ByteBuffer header = read(in, 0, 64);
            if (header.limit() < 64 || header.getInt(0) != MAGIC || header.get(4) != BITS_64) {
                return false;
            }
            long offset = header.getLong(32);
            int entrySize = Short.toUnsignedInt(header.getShort(54));
            int entries = Short.toUnsignedInt(header.getShort(56));
            ByteBuffer table = read(in, offset, entrySize * entries);
            for (int at = 0; entrySize >= 4 && at + entrySize <= table.limit(); at += entrySize) {
                if (table.getInt(at) == PT_INTERP) {
                    return true;
                }
            }
            return false;
        }
    }

    private static ByteBuffer read(SeekableByteChannel in, long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(offset);
        while (buffer.hasRemaining() && in.read(buffer) >= 0) {
            // until full or at the end
        }
        return buffer.flip();
    }
}
