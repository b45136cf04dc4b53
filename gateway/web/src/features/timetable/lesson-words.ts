import { useMemo } from 'react'
import { useClassGroups, useRooms, type Lesson } from '@/features/timetable/timetable-queries'
import { useCourses, useStaffName } from '@/lib/directory'

export interface LessonNames {
  title: (lesson: Lesson) => string
  teachers: (lesson: Lesson) => string
  room: (id: string | undefined) => string
  group: (id: string | undefined) => string
}

/** Functions that name what a lesson of a campus consists of. */
export function useLessonNames(campusId: string): LessonNames {
  const courses = useCourses()
  const staffName = useStaffName()
  const rooms = useRooms(campusId).data
  const groups = useClassGroups(campusId).data
  return useMemo(() => {
    const courseNames = new Map(courses.map((course) => [course.courseId, course.name]))
    const roomNames = new Map((rooms ?? []).map((room) => [room.roomId, room.name]))
    const groupNames = new Map((groups ?? []).map((group) => [group.classGroupId, group.name]))
    return {
      title: (lesson) => {
        const named = (lesson.classGroupIds ?? []).map((id) => groupNames.get(id)).filter(Boolean)
        return named.length > 0 ? named.join('、') : (courseNames.get(lesson.courseId) ?? '')
      },
      teachers: (lesson) => (lesson.teacherIds ?? []).map((id) => staffName(id)).join('、'),
      room: (id) => roomNames.get(id) ?? '',
      group: (id) => groupNames.get(id) ?? '',
    }
  }, [courses, rooms, groups, staffName])
}
