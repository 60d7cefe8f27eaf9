/* base/file.c */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>
#include "unit.h"
#include "base/file.h"

static char folder[] = "/tmp/mnv-unit-XXXXXX";

static const char *at(unit_t *unit, const char *name)
{
    return apr_pstrcat(unit->pool, folder, "/", name, NULL);
}

static void put(unit_t *unit, const char *name, const char *text, mode_t mode)
{
    int fd = open(at(unit, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static unsigned int mode_of(unit_t *unit, const char *name)
{
    struct stat info;
    assert_int_equal(stat(at(unit, name), &info), 0);
    return info.st_mode & 07777;
}

static int entries(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

static void refuses_what_is_no_regular_file(void **state)
{
    unit_t *unit = *state;
    char *text = NULL;
    apr_size_t length = 9;
    assert_int_equal(mnv_file_read(unit->pool, folder, 100, &text, &length), APR_EINVAL);
    assert_int_equal(mkfifo(at(unit, "fifo"), 0600), 0);
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "fifo"), 100, &text, &length), APR_EINVAL); /* and does not hang */
    assert_int_equal(mnv_file_read(unit->pool, "/dev/zero", 100, &text, &length), APR_EINVAL);
    assert_true(APR_STATUS_IS_ENOENT(mnv_file_read(unit->pool, at(unit, "absent"), 100, &text, &length)));
    assert_null(text);
    assert_int_equal(unlink(at(unit, "fifo")), 0);
}

static void refuses_files_that_are_too_large(void **state)
{
    unit_t *unit = *state;
    char *text = NULL;
    apr_size_t length;
    put(unit, "large", "0123456789", 0600);
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "large"), 9, &text, &length), APR_ENOSPC);
    assert_null(text);
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "large"), 10, &text, &length), APR_SUCCESS);
    assert_int_equal(length, 10);
    assert_string_equal(text, "0123456789");
    /* files without a size, as in /proc, may grow while they are read */
    assert_int_equal(mnv_file_read(unit->pool, "/proc/self/status", 10, &text, &length), APR_ENOSPC);
    put(unit, "large", "", 0600);
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "large"), 0, &text, &length), APR_SUCCESS);
    assert_string_equal(text, "");
    unlink(at(unit, "large"));
}

static void refuses_secrets_that_others_can_read(void **state)
{
    unit_t *unit = *state;
    static const mode_t open_modes[] = { 0604, 0602, 0601, 0644, 0660, 0620, 0777 }, private_modes[] = { 0600, 0400, 0640, 0440, 0700 };
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        const char *problem = NULL;
        put(unit, "secret", "x", open_modes[i]);
        assert_int_equal(mnv_file_is_private(unit->pool, at(unit, "secret"), &problem), APR_EACCES);
        assert_non_null(strstr(problem, "chmod"));
        unlink(at(unit, "secret"));
    }
    for (size_t i = 0; i < sizeof(private_modes) / sizeof(private_modes[0]); i++) {
        const char *problem = NULL;
        put(unit, "secret", "x", private_modes[i]);
        assert_int_equal(mnv_file_is_private(unit->pool, at(unit, "secret"), &problem), APR_SUCCESS);
        unlink(at(unit, "secret"));
    }
    const char *problem;
    assert_true(APR_STATUS_IS_ENOENT(mnv_file_is_private(unit->pool, at(unit, "absent"), &problem)));
}

static void never_replaces_unasked(void **state)
{
    unit_t *unit = *state;
    char *text;
    apr_size_t length;
    put(unit, "key", "old", 0600);
    assert_true(APR_STATUS_IS_EEXIST(mnv_file_write(unit->pool, at(unit, "key"), "new", 3, 1, 0)));
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "key"), 100, &text, &length), APR_SUCCESS);
    assert_string_equal(text, "old");
    assert_int_equal(mnv_file_write(unit->pool, at(unit, "key"), "new", 3, 1, 1), APR_SUCCESS);
    assert_int_equal(mnv_file_read(unit->pool, at(unit, "key"), 100, &text, &length), APR_SUCCESS);
    assert_string_equal(text, "new");
    assert_int_equal(entries(), 1); /* no temporary file is left */
    unlink(at(unit, "key"));
}

static void writes_with_the_right_mode(void **state)
{
    unit_t *unit = *state;
    mode_t mask = umask(077);
    assert_int_equal(mnv_file_write(unit->pool, at(unit, "public"), "a", 1, 0, 0), APR_SUCCESS);
    assert_int_equal(mode_of(unit, "public"), 0644);
    umask(0);
    assert_int_equal(mnv_file_write(unit->pool, at(unit, "secret"), "a", 1, 1, 0), APR_SUCCESS);
    assert_int_equal(mode_of(unit, "secret"), 0600);
    umask(mask);
    put(unit, "public", "x", 0666);
    assert_int_equal(mnv_file_write(unit->pool, at(unit, "public"), "a", 1, 1, 1), APR_SUCCESS);
    assert_int_equal(mode_of(unit, "public"), 0600);
    assert_int_equal(entries(), 2);
    unlink(at(unit, "public"));
    unlink(at(unit, "secret"));
}

static void tells_when_the_folder_is_not_there(void **state)
{
    unit_t *unit = *state;
    assert_true(APR_STATUS_IS_ENOENT(mnv_file_write(unit->pool, at(unit, "absent/key"), "a", 1, 1, 0)));
    assert_int_equal(mkdir(at(unit, "taken"), 0700), 0);
    assert_int_not_equal(mnv_file_write(unit->pool, at(unit, "taken"), "a", 1, 1, 1), APR_SUCCESS);
    assert_int_equal(entries(), 1);
    assert_int_equal(rmdir(at(unit, "taken")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_what_is_no_regular_file),
        UNIT_TEST(refuses_files_that_are_too_large),
        UNIT_TEST(refuses_secrets_that_others_can_read),
        UNIT_TEST(never_replaces_unasked),
        UNIT_TEST(writes_with_the_right_mode),
        UNIT_TEST(tells_when_the_folder_is_not_there),
    };
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    int failed = unit_run(tests);
    rmdir(folder);
    return failed;
}
